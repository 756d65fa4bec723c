/** What the HTTP API is handed. It sees neither store, queue nor sources. */
import type { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { Log } from '../log.ts';
import type { MessageFilter, MessageSummary, Replay, Trace } from './messages.schema.ts';
import type { Check, Status } from './status.schema.ts';

/** A BullMQ queue, as Bull Board takes it. */
export type Queue = ConstructorParameters<typeof BullMQAdapter>[0];

/** Who asks. */
export interface Caller {
  /** Name of the token's owner, for the audit. */
  readonly name: string;
}

/** The engine, as narrow as the API needs it. A rejection with a PipehatError is told to the caller as it is. */
export interface ApiContext {
  readonly log: Log;
  status(): Promise<Status>;
  /** What must work before messages can be taken. `says` is shown without a token: no address, no secret. */
  ready(): Promise<Check[]>;
  /** Newest first. `filter.patient` is hashed by the engine, before it goes anywhere else. */
  messages(filter: MessageFilter): Promise<MessageSummary[]>;
  /** With `bodies`, the engine writes an audit entry before it answers. */
  trace(id: string, options: { bodies: boolean; by: Caller }): Promise<Trace | undefined>;
  /** A message as it was received, a piece at a time. The engine writes an audit entry before it answers. */
  bytes(
    id: string,
    by: Caller,
  ): Promise<{ readonly size: number; read(): AsyncIterable<Uint8Array> } | undefined>;
  /** Sends a message through its channel again, audited. Rejects with `replay-not-possible`. */
  replay(id: string, by: Caller): Promise<Replay | undefined>;
  /** Asked once, when the server starts. */
  queues(): Queue[];
  /** Whose token it is, in time that doesn't depend on how much of it is right. */
  authorize(token: string): Promise<Caller | undefined>;
  /** The text form of Prometheus. */
  metrics(): Promise<string>;
}
