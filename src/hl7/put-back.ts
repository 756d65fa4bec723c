/** Putting large parts back into the places where references to them stand (see `lift.ts`). Each place is read once. */
import type { Attachment } from '../component.ts';
import { PipehatError } from '../errors.ts';
import { REFERENCE_MARK, REFERENCE_PATTERN } from './lift.ts';

/** Something with its large parts in it again. */
export interface Whole {
  /** Bytes of all of it. */
  readonly size: number;
  /** In order, a piece at a time; rejects with what reading an attachment rejects with. */
  read(): AsyncGenerator<Uint8Array, void, undefined>;
}

/** Are there references in this text? */
export function hasReferences(text: string): boolean {
  return text.includes(REFERENCE_MARK);
}

/**
 * `bytes` with what `attachments` hold in the places of their references; those that `stays` names keep their reference.
 * Throws `attachment-unknown` for a reference that is not of `attachments`, or that was changed on the way. Where there are
 * no attachments, nothing is a reference: a message from which nothing was lifted may say what it likes.
 */
export function putBack(
  bytes: Buffer,
  attachments: readonly Attachment[],
  stays: (attachment: Attachment) => boolean = () => false,
): Whole {
  const places = placesOf(bytes.toString('latin1'), attachments).filter(
    ({ attachment }) => !stays(attachment),
  );
  const growth = places.map(({ attachment }) => attachment.size - attachment.reference.length);
  return {
    size: growth.reduce((total, grown) => total + grown, bytes.length),
    async *read() {
      let at = 0;
      for (const { start, attachment } of places) {
        yield bytes.subarray(at, start);
        yield* attachment.read();
        at = start + attachment.reference.length;
      }
      yield bytes.subarray(at);
    },
  };
}

/** All of it in one piece of memory. */
export async function gather({ size, read }: Whole): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for await (const piece of read()) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** `text` with what `attachments` hold, each as `write` writes it down. As {@link putBack}, in text. */
export async function putBackText(
  text: string,
  attachments: readonly Attachment[],
  write: (content: string) => string,
): Promise<string> {
  const pieces: string[] = [];
  let at = 0;
  for (const { start, attachment } of placesOf(text, attachments)) {
    // What was lifted is ASCII.
    const content = (await gather(attachment)).toString('latin1');
    pieces.push(text.slice(at, start), write(content));
    at = start + attachment.reference.length;
  }
  return pieces.join('') + text.slice(at);
}

interface ReferencePlace {
  readonly start: number;
  readonly attachment: Attachment;
}

function placesOf(text: string, attachments: readonly Attachment[]): ReferencePlace[] {
  const places: ReferencePlace[] = [];
  if (attachments.length === 0) return places;
  for (const { 0: reference, index: start } of text.matchAll(REFERENCE_PATTERN)) {
    const attachment = attachments.find((one) => one.reference === reference);
    if (attachment !== undefined) places.push({ start, attachment });
  }
  if (text.split(REFERENCE_MARK).length - 1 !== places.length) throw new PipehatError('attachment-unknown');
  return places;
}
