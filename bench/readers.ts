/** Our reader and two others, each doing the same: read a message, and ask for every field of some of its segments. */
import { HL7Message } from 'hl7v2';
import { Message as PeerMessage } from 'node-hl7-client';
import { readMessage } from '../src/hl7/message.ts';
import { type Path, parsePath } from '../src/hl7/path.ts';

/** What was read, to be kept, and how many characters its fields had, so that none is left unread. */
export interface Read {
  readonly message: unknown;
  readonly characters: number;
}

/** Reads `text`, and every field of the segments of these names. */
export type Reader = (text: string, names: readonly string[]) => Read;

/** The order of the table. `values`: cut down to the first value and unescaped, by path. */
export const readerNames = ['pipehat', 'pipehat, values', 'hl7v2', 'node-hl7-client'] as const;

/** One of them. */
export type ReaderName = (typeof readerNames)[number];

/** All of them. Each by the cheapest call that its interface has for a field. */
export const readers: Readonly<Record<ReaderName, Reader>> = {
  pipehat(text, names) {
    const message = readMessage(text);
    let characters = 0;
    for (const name of names) {
      for (const segment of message.all(name)) {
        for (let n = 1; n <= segment.fields; n++) characters += segment.field(n).length;
      }
    }
    return { message, characters };
  },
  'pipehat, values'(text, names) {
    const message = readMessage(text);
    let characters = 0;
    for (const name of names) {
      for (const [i, segment] of message.all(name).entries()) {
        for (let n = 1; n <= segment.fields; n++) characters += message.value(pathTo(name, i + 1, n)).length;
      }
    }
    return { message, characters };
  },
  hl7v2(text, names) {
    const message = HL7Message.parse(text);
    let characters = 0;
    for (const segment of message.segments) {
      if (!names.includes(segment.segmentType)) continue;
      for (let n = 1; n < segment.fields.length; n++) {
        characters += String(segment.field(n).getValue() ?? '').length;
      }
    }
    return { message, characters };
  },
  'node-hl7-client'(text, names) {
    const message = new PeerMessage({ text });
    let characters = 0;
    for (const name of names) {
      for (const segment of message.get(name).toArray()) {
        for (let n = 1; n < segment.length; n++) characters += segment.get(n).toString().length;
      }
    }
    return { message, characters };
  },
};

const paths = new Map<string, Path[][]>();

/** Paths are parsed once, as those of a channel are. */
function pathTo(name: string, index: number, field: number): Path {
  const named = paths.get(name) ?? [];
  paths.set(name, named);
  named[index] ??= [];
  named[index][field] ??= parsePath(`${name}[${index}]-${field}`);
  return named[index][field];
}
