/** What sources, destinations and listeners are handed, for tests of one of them alone. */
import type { Answer, DestinationContext, SourceContext } from '../../src/component.ts';
import { answerUnstored, problemOf } from '../../src/engine/answer.ts';
import { errorDefinition, type PipehatError } from '../../src/errors.ts';
import { readHeader } from '../../src/hl7/header.ts';
import type { MllpServerOptions } from '../../src/mllp/server.ts';
import { createIntakeMemory } from '../../src/network/memory.ts';
import { capturingLog } from '../contract/destination.ts';

const notTold = (): void => undefined;

const nothingChanged = (): never => {
  throw new Error('nothing is to be read again');
};

/** For a destination. What it logs comes into `lines`. */
export function destinationContext(lines: string[] = []): DestinationContext {
  return {
    ...{ name: 'receiver', folder: '.', log: capturingLog(lines) },
    ...{ certificate: notTold, reread: nothingChanged },
  };
}

/** For a source. What it logs comes into `lines`; what is refused is answered as the engine does. */
export function sourceContext(
  more: Partial<SourceContext> & Pick<SourceContext, 'accept'>,
  lines: string[] = [],
): SourceContext {
  return {
    refuse: refuseAsEngine,
    log: capturingLog(lines),
    connections: notTold,
    refused: notTold,
    keepAlive: notTold,
    certificate: notTold,
    memory: createIntakeMemory(1e9),
    reread: nothingChanged,
    ...more,
  };
}

async function refuseAsEngine(error: PipehatError, head: Uint8Array): Promise<Answer> {
  const header = Buffer.from(head).toString('latin1', 0, 3) === 'MSH' ? readHeader(head) : undefined;
  const code = errorDefinition(error.code).ack ?? 'AE';
  return { bytes: answerUnstored(header, new Date(), code, [problemOf(error)]), error };
}

/** For an MLLP listener on a free port of loopback. */
export function mllpServerOptions(
  more: Partial<MllpServerOptions> & Pick<MllpServerOptions, 'answer'>,
  lines: string[] = [],
): MllpServerOptions {
  const { refused, keepAlive, certificate, memory, connections, log } = sourceContext(
    { accept: async (bytes) => ({ bytes, error: undefined }) },
    lines,
  );
  return {
    ...{ refused, keepAlive, certificate, memory, connections, log, reread: nothingChanged },
    host: '127.0.0.1',
    port: 0,
    max_connections: 100,
    probe_after_ms: 60_000,
    max_bytes: 1_000_000,
    frame_timeout_ms: 60_000,
    idle_timeout_ms: 0,
    refuse: async (reason, head) => ({
      bytes: Buffer.from(`refused ${reason} ${head.subarray(0, 5)}`),
      error: undefined,
    }),
    ...more,
  };
}
