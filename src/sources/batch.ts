/** Batches where single messages are taken: each message by itself, and one batch of their answers (HL7 2.9 §2.10.3). */
import { randomUUID } from 'node:crypto';
import type { Accept, Answer, LaterAnswer, Refuse } from '../component.ts';
import { type BatchHeader, type BatchItem, isBatch, readBatch } from '../hl7/batch.ts';

/**
 * An `accept` that takes batches too. What starts with FHS or BHS goes to `accept` message by message, each after the
 * answer of the one before. Its answer has the same envelopes, turned round: FHS-12 and BHS-12 name what they answer, and
 * every answer to a message stands where that message stood; so do those that follow later, together. A batch that isn't
 * whole goes to `refuse`, and nothing of it to `accept`.
 */
export function acceptBatches(accept: Accept, refuse: Refuse): Accept {
  return async (bytes, from) => {
    if (!isBatch(bytes)) return accept(bytes, from);
    const items = readBatch(bytes);
    const wrong = items.find((item) => item.kind === 'finding');
    if (wrong !== undefined) return refuse(wrong.error, bytes, from);
    const answers: Answer[] = [];
    for (const item of items) {
      if (item.kind !== 'message') continue;
      const answer = await accept(item.bytes, from);
      // Sent again, those before it get the same answers.
      if (answer.close) return answer;
      answers.push(answer);
    }
    return answerOf(items, answers);
  };
}

/** One answer of those to each message of a batch. */
function answerOf(items: readonly BatchItem[], answers: readonly Answer[]): Answer {
  const later = answers.map((answer) => answer.later);
  return {
    bytes: enveloped(
      items,
      answers.map((answer) => answer.bytes),
    ),
    error: answers.find((answer) => answer.error !== undefined)?.error,
    ...(later.some((one) => one !== undefined) ? { later: laterOf(items, later) } : {}),
  };
}

function laterOf(items: readonly BatchItem[], later: readonly (LaterAnswer | undefined)[]): LaterAnswer {
  const all = Promise.all(later.map((one) => one?.ready));
  const had: LaterAnswer[] = [];
  return {
    ready: all.then((answers) => {
      later.forEach((one, i) => {
        if (one !== undefined && answers[i] !== undefined) had.push(one);
      });
      return had.length === 0 ? undefined : enveloped(items, answers);
    }),
    sent(out) {
      for (const one of had) one.sent(out);
    },
  };
}

/** An envelope of the answer that is open, and how much stands in it. */
interface Envelope {
  readonly header: BatchHeader;
  count: number;
  /** In a file: what came last are answers outside of batches, which count as one batch. */
  loose: boolean;
}

/** The envelopes of `items`, turned round, with an answer in the place of each message. A sender may have asked for none. */
function enveloped(items: readonly BatchItem[], answers: readonly (Uint8Array | undefined)[]): Uint8Array {
  const time = `${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}+0000`;
  const written: Uint8Array[] = [];
  const open: Envelope[] = [];
  let next = 0;
  const write = (line: string): void => {
    // Headers were read as Latin-1, so this gives their bytes back as they came.
    written.push(Buffer.from(`${line}\r`, 'latin1'));
  };
  for (const item of items) {
    const around = open.at(-1);
    if (item.kind === 'message') {
      const answer = answers[next++];
      if (answer === undefined) continue;
      written.push(answer);
      if (around === undefined) continue;
      if (around.header.level === 'batch' || !around.loose) around.count += 1;
      around.loose = true;
    } else if (item.kind === 'open') {
      if (around !== undefined) around.count += 1;
      open.push({ header: item.header, count: 0, loose: false });
      write(headerOf(item.header, time));
    } else {
      const { header, count } = open.pop()!;
      const outer = open.at(-1);
      if (outer !== undefined) outer.loose = false;
      write(`${header.level === 'file' ? 'FTS' : 'BTS'}${header.delimiters.field}${count}`);
    }
  }
  return Buffer.concat(written);
}

/** FHS or BHS of the answer: addresses turned round, the control id that is answered in field 12. */
function headerOf({ level, delimiters, addresses, control_id }: BatchHeader, time: string): string {
  const { field, component, repetition, escape, subcomponent, truncation = '' } = delimiters;
  const [application, facility, ourApplication, ourFacility] = addresses;
  return [
    level === 'file' ? 'FHS' : 'BHS',
    component + repetition + escape + subcomponent + truncation,
    ...[ourApplication, ourFacility, application, facility, time, '', '', ''],
    ...[randomUUID().slice(0, 20), control_id],
  ].join(field);
}
