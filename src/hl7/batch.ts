/**
 * Batches (HL7 2.9 §2.10.3): files in FHS and FTS, batches in BHS and BTS, and messages without either. Counts and
 * envelopes are checked against what is there, since a file that was cut off must never pass for a whole one.
 */
import { PipehatError } from '../errors.ts';
import { type Delimiters, readDelimiters, Segment } from './message.ts';
import { createSplitter, type Piece, type Place } from './split.ts';

/** FHS or BHS as the sender wrote it: both have the same fields. Raw bytes read as Latin-1, not unescaped. */
export interface BatchHeader extends Place {
  readonly level: 'file' | 'batch';
  readonly delimiters: Delimiters;
  /** FHS-3 to FHS-6: sending application and facility, receiving application and facility. */
  readonly addresses: readonly [string, string, string, string];
  /** FHS-11 or BHS-11. */
  readonly control_id: string;
}

/** What stands in a file, in its order. */
export type BatchItem =
  | ({ readonly kind: 'message'; readonly bytes: Uint8Array } & Place)
  /** A header. */
  | { readonly kind: 'open'; readonly header: BatchHeader }
  /** The trailer of what was opened last, be it there or not. */
  | { readonly kind: 'close'; readonly level: 'file' | 'batch' }
  /** What is wrong with an envelope. The error names line and byte, and the field where there is one. */
  | { readonly kind: 'finding'; readonly error: PipehatError };

/** Reads a stream of messages and envelopes. */
export interface BatchReader {
  /** What is sure with these bytes, which must not change any more. */
  push(chunk: Uint8Array): BatchItem[];
  /** What is left, and what is missing, when nothing more comes. */
  end(): BatchItem[];
}

const STANDARD = readDelimiters('MSH|^~\\&');

const names = { file: { header: 'FHS', trailer: 'FTS' }, batch: { header: 'BHS', trailer: 'BTS' } } as const;

type Level = keyof typeof names;

/** What is open: a file, or a batch in it or alone. `count` is the number of batches, or of messages. */
interface Open {
  readonly header: BatchHeader;
  count: number;
}

/**
 * A reader at the beginning of a file. BTS-1 is the number of messages in the batch, FTS-1 that of batches in the file;
 * both may be empty. Messages of a file that stand in no batch are one batch together.
 */
export function createBatchReader(): BatchReader {
  const splitter = createSplitter();
  const open: Record<Level, Open | undefined> = { file: undefined, batch: undefined };
  const trailers = { file: 0, batch: 0 };
  /** The last message of the file stood in no batch. */
  let loose = false;
  let items: BatchItem[] = [];

  const find = (...args: ConstructorParameters<typeof PipehatError>): void => {
    items.push({ kind: 'finding', error: new PipehatError(...args) });
  };

  const closeWithout = (level: Level): void => {
    const unclosed = open[level];
    if (unclosed === undefined) return;
    const { header, trailer } = names[level];
    const { line, offset } = unclosed.header;
    find('batch-trailer-missing', { trailer, header, line, offset }, { at: trailer });
    open[level] = undefined;
    items.push({ kind: 'close', level });
  };

  const takeHeader = (level: Level, text: string, place: Place): void => {
    closeWithout('batch');
    if (level === 'file') closeWithout('file');
    else if (open.file !== undefined) open.file.count += 1;
    loose = false;
    const header = readBatchHeader(level, text, place);
    open[level] = { header, count: 0 };
    items.push({ kind: 'open', header });
  };

  const takeTrailer = (level: Level, text: string, { line, offset }: Place): void => {
    if (level === 'file') closeWithout('batch');
    loose = false;
    const { header, trailer } = names[level];
    trailers[level] += 1;
    const at = trailers[level] === 1 ? trailer : `${trailer}[${trailers[level]}]`;
    const closed = open[level];
    if (closed === undefined) {
      find('batch-header-missing', { header, trailer, line, offset }, { at });
      return;
    }
    open[level] = undefined;
    const given = countIn(text, closed.header.delimiters);
    const facts = { field: `${trailer}-1`, line, offset };
    if (given === 'unreadable') find('batch-count-unreadable', facts, { at: `${at}-1` });
    else if (given !== undefined && given !== closed.count) {
      const what = level === 'file' ? 'batches in the file' : 'messages in the batch';
      find('batch-count-wrong', { ...facts, expected: given, what, found: closed.count }, { at: `${at}-1` });
    }
    items.push({ kind: 'close', level });
  };

  const takeMessage = (piece: Piece & { readonly kind: 'message' }): void => {
    items.push(piece);
    if (!isMessage(piece.bytes)) return;
    if (open.batch !== undefined) open.batch.count += 1;
    else if (open.file !== undefined && !loose) {
      open.file.count += 1;
      loose = true;
    }
  };

  const take = (piece: Piece): void => {
    if (piece.kind === 'message') takeMessage(piece);
    else if (piece.kind === 'unfinished') {
      find('batch-block-unfinished', { line: piece.line, offset: piece.offset });
    } else {
      const level = piece.name.startsWith('F') ? 'file' : 'batch';
      (piece.name.endsWith('HS') ? takeHeader : takeTrailer)(level, piece.text, piece);
    }
  };

  const taken = (pieces: readonly Piece[]): BatchItem[] => {
    for (const piece of pieces) take(piece);
    const given = items;
    items = [];
    return given;
  };

  return {
    push: (chunk) => taken(splitter.push(chunk)),
    end() {
      const last = taken(splitter.end());
      closeWithout('batch');
      closeWithout('file');
      return [...last, ...taken([])];
    },
  };
}

/** Everything in `bytes`. */
export function readBatch(bytes: Uint8Array): BatchItem[] {
  const reader = createBatchReader();
  return [...reader.push(bytes), ...reader.end()];
}

/** Everything in a stream, as it comes. Memory holds one message and one chunk. */
export async function* streamBatch(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<BatchItem> {
  const reader = createBatchReader();
  for await (const chunk of chunks) yield* reader.push(chunk);
  yield* reader.end();
}

/** Do the bytes start with FHS or BHS, and so are a batch and no message? */
export function isBatch(bytes: Uint8Array): boolean {
  return /^[FB]HS[^A-Z0-9]/i.test(beginning(bytes, 4));
}

/** What is no message is refused by itself, and no sender counts it. */
function isMessage(bytes: Uint8Array): boolean {
  return /^MSH/i.test(beginning(bytes, 3));
}

function beginning(bytes: Uint8Array, length: number): string {
  return String.fromCharCode(...bytes.subarray(0, length));
}

/** A header without delimiters has those that HL7 recommends. */
function readBatchHeader(level: Level, text: string, { line, offset }: Place): BatchHeader {
  const delimiters = /^\w{3}[^A-Za-z0-9\s]/.test(text) ? readDelimiters(`MSH${text.slice(3)}`) : STANDARD;
  const segment = new Segment(text, 1, delimiters);
  const addresses = [3, 4, 5, 6].map((n) => segment.field(n)) as [string, string, string, string];
  return { level, delimiters, addresses, control_id: segment.field(11), line, offset };
}

/** Field 1 of a trailer, which has the delimiters of its header; undefined where it is empty. */
function countIn(text: string, delimiters: Delimiters): number | 'unreadable' | undefined {
  if (text.length > 3 && text[3] !== delimiters.field) return 'unreadable';
  const raw = new Segment(text, 1, delimiters).field(1).trim();
  if (raw === '') return undefined;
  return /^\d{1,15}$/.test(raw) ? Number(raw) : 'unreadable';
}
