/**
 * What a source and a destination are. Read this first: everything else is one of these, or carries bytes between them.
 *
 * ```
 * source ─▶ intake ─▶ message store ─▶ lane ─▶ channel (filter, set, transform, route) ─▶ deliveries ─▶ lane ─▶ destination
 * ```
 *
 * A component is a definition: name, options, factory. `registry.ts` lists all of them. Its life has fixed phases:
 * options are checked (no I/O), `create` builds it (no I/O), `start` opens what it needs, `stop` closes it.
 */
import type { Static, TObject } from 'typebox';
import type { ErrorClass, ErrorCode, PipehatError } from './errors.ts';
import type { CanonicalEvent } from './event.ts';
import type { Log } from './log.ts';

/** Where a message came in. Kept with the message. */
export interface Connection {
  /** The source's kind, such as `mllp`. */
  readonly protocol: string;
  /** `host:port` of both ends; where files are picked up, the folder and `NAME#3`, the third message of a file. */
  readonly local: string;
  readonly remote: string;
  /** Number of the connection, or of the file, within this process, for logs and traces. */
  readonly connection: number;
}

/** What the sender of one message is told, without framing. */
export interface Answer {
  /** Goes out in the order in which the messages came. Undefined: the sender wants no answer, or none that fits. */
  readonly bytes: Uint8Array | undefined;
  /** Why the message was refused or could not be stored, whatever the sender is told of it; undefined when it was taken. */
  readonly error: PipehatError | undefined;
  /** The application acknowledgement of enhanced mode, which follows on the same connection. */
  readonly later?: LaterAnswer;
  /** The connection is closed in place of an answer: silence alone could be taken for success, or be waited in for ever. */
  readonly close?: true;
}

/** A second answer to a message. No other message waits for it. */
export interface LaterAnswer {
  /** Resolves to the bytes to send, without framing, or to undefined when nothing is to be sent. Never rejects. */
  readonly ready: Promise<Uint8Array | undefined>;
  /** To be called once when there were bytes: did they go out, or was the connection gone? */
  sent(out: boolean): void;
}

/**
 * Takes one message as received. Resolves after the message is committed, never before (and where its channel says so, only
 * when it was processed or delivered), and never rejects: every trouble has an answer.
 */
export type Accept = (bytes: Uint8Array, from: Connection) => Promise<Answer>;

/**
 * Takes what is no whole message, such as a frame that is too large or never ended, and resolves to its answer. `head` is
 * its beginning, with its MSH where it has one; it is kept as rejected. Never rejects.
 */
export type Refuse = (error: PipehatError, head: Uint8Array, from: Connection) => Promise<Answer>;

/**
 * Why a connection, or a request, was turned away: `address`, `certificate` and `token` are not allowed, `handshake` is a
 * failed one of TLS, the others are limits.
 */
export type ConnectionRefusal =
  | 'address'
  | 'certificate'
  | 'handshake'
  | 'max_connections'
  | 'max_connections_per_address'
  | 'token';

/** Memory for messages on their way in, which all sources of the process share. */
export interface IntakeMemory {
  /** A share for one connection. `resume` is called when it may read again, after `hold` said no. */
  share(resume: () => void): MemoryShare;
  readonly used_bytes: number;
}

/** What one connection holds of it. */
export interface MemoryShare {
  /**
   * It holds so many bytes now, of whole messages that wait for their answers and of the one that is coming. False: it must
   * read no more until it is resumed. Nothing is ever dropped.
   */
  hold(whole: number, part: number): boolean;
  /** The connection is closed, its share is free. */
  end(): void;
}

/** What a source is handed. It sees neither store nor queue. */
export interface SourceContext {
  readonly accept: Accept;
  readonly refuse: Refuse;
  readonly log: Log;
  /** Called when the number of open connections changes. A folder counts as one while it can be worked with. */
  readonly connections: (open: number) => void;
  /** Called for each connection or request that is turned away. */
  readonly refused: (reason: ConnectionRefusal) => void;
  /** Called for each keep-alive. */
  readonly keepAlive: () => void;
  /** Called when it is known until when the certificate in use is valid. */
  readonly certificate: (ends: Date) => void;
  readonly memory: IntakeMemory;
  /**
   * The options as they are now, references resolved anew: for what is renewed while the source runs, such as
   * certificates. They are of the kind's own form. Throws a PipehatError where they can't be.
   */
  readonly reread: () => unknown;
}

/** A running way in. */
export interface Source {
  /** Resolves when messages can arrive. Rejects with a PipehatError, such as `port-in-use`. */
  start(): Promise<void>;
  /** Takes no new message, waits for answers under way (at most `deadline_ms`), closes. Never rejects. */
  stop(deadline_ms: number): Promise<void>;
  /** Where messages come in: `host:port` of a listener, once started; `/in`, or `user@host:port/in`, of a folder. */
  readonly address: string;
}

/** What is delivered: a canonical event (the destination renders it), or an HL7 v2 message. */
export type Body =
  | { readonly kind: 'event'; readonly event: CanonicalEvent; readonly write: readonly string[] | undefined }
  | { readonly kind: 'hl7'; readonly text: string };

/**
 * A large part of a message, such as a PDF in base64, kept outside of it. Its reference stands in its place in bodies:
 * a destination puts it back on the way out (`hl7/put-back.ts`), and keeps the reference in what it records.
 */
export interface Attachment {
  /** Letters and digits that stand for it. */
  readonly reference: string;
  /** Bytes, all of them ASCII. */
  readonly size: number;
  /** Well-formed base64: it may stand in HL7, JSON and FHIR as it is. */
  readonly base64: boolean;
  /** Its bytes, a megabyte at a time. Rejects with a PipehatError: `payload-damaged`, `store-unreachable`. */
  read(): AsyncGenerator<Uint8Array, void, undefined>;
}

/** One thing for one destination. */
export interface Delivery {
  /** Number of the delivery: the same in every attempt, so a receiver can tell a repetition. */
  readonly id: string;
  readonly message_id: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly body: Body;
  /** What the body may refer to. */
  readonly attachments: readonly Attachment[];
}

/**
 * What one attempt brought. A destination answers with this and doesn't throw: it alone knows what an answer means.
 * `request` and `response` are kept sealed with the attempt; `status` and `says` are shown and hold no PHI.
 */
export interface Attempt {
  readonly outcome: 'accepted' | ErrorClass;
  readonly code?: ErrorCode;
  readonly says?: string;
  /** The receiver's own word: `201`, `AA`, `written`. */
  readonly status?: string;
  readonly request: string;
  readonly response: string;
  /** The receiver asked to wait this long. */
  readonly retry_after_ms?: number;
}

/** What a destination is handed. */
export interface DestinationContext {
  readonly name: string;
  /** Where relative paths of files start: the site's data folder. */
  readonly folder: string;
  readonly log: Log;
  /** As in `SourceContext`. */
  readonly certificate: (ends: Date) => void;
  readonly reread: () => unknown;
}

/** A running way out. `deliver` is called side by side for different order keys, never twice at once for one. */
export interface Destination {
  deliver(delivery: Delivery): Promise<Attempt>;
  /** Is the receiver there? Rejects with a PipehatError that says why not. Writes nothing. */
  ping(): Promise<void>;
  /** Ends attempts under way (at most `deadline_ms`), closes connections. Never rejects. */
  stop(deadline_ms: number): Promise<void>;
}

/** A kind of source, as `registry.ts` lists it. */
export interface SourceDefinition<Options extends TObject = TObject> {
  readonly type: string;
  readonly summary: string;
  readonly options: Options;
  /** What no two sources may share, such as `tcp:2575` or `folder:/in`. */
  resources(options: Static<Options>): string[];
  create(options: Static<Options>, context: SourceContext): Source;
}

/** A kind of destination, as `registry.ts` lists it. */
export interface DestinationDefinition<Options extends TObject = TObject> {
  readonly type: string;
  readonly summary: string;
  readonly options: Options;
  /** Which kind of body it takes. */
  takes(options: Static<Options>): Body['kind'];
  create(options: Static<Options>, context: DestinationContext): Destination;
}

/** Keeps the options' type while the definition is written. */
export function defineSource<Options extends TObject>(
  definition: SourceDefinition<Options>,
): SourceDefinition<Options> {
  return definition;
}

/** Keeps the options' type while the definition is written. */
export function defineDestination<Options extends TObject>(
  definition: DestinationDefinition<Options>,
): DestinationDefinition<Options> {
  return definition;
}
