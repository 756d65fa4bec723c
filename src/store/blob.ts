/**
 * Many byte strings as one parameter. `pg` sends a list of Buffers as hex text, twice its size; one Buffer goes as it
 * is, and PostgreSQL cuts the pieces out of it: `substring($1::bytea from offset + 1 for length)`.
 */
export interface Blob {
  readonly bytes: Buffer;
  readonly offsets: number[];
  readonly lengths: number[];
}

/** Joins `pieces`. */
export function createBlob(pieces: readonly Uint8Array[]): Blob {
  const offsets: number[] = [];
  let offset = 0;
  for (const piece of pieces) {
    offsets.push(offset);
    offset += piece.length;
  }
  return { bytes: Buffer.concat(pieces), offsets, lengths: pieces.map((piece) => piece.length) };
}
