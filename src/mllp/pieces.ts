/** The bytes of one message as they come, in pieces of any size. */

/** So many pieces are kept as they came. A message that needs more may come byte by byte. */
const KEPT_AS_THEY_CAME = 8;
/** Smaller ones beyond those are copied together: each is an object of its own, many times its size. */
const SMALL_BYTES = 1024;
const BLOCK_BYTES = 16 * 1024;

/** Collects pieces, and gives them back as one. */
export interface Pieces {
  /** Keeps `bytes` as they are, without a copy where it can. */
  add(bytes: Buffer): void;
  /** The first `length` bytes. Nothing is kept afterwards. */
  take(length: number): Buffer;
  /** Bytes kept. */
  readonly size: number;
}

/** Memory is in proportion to the bytes kept, whatever the size of the pieces; every byte is copied twice at most. */
export function createPieces(): Pieces {
  let pieces: Buffer[] = [];
  let size = 0;
  let block = Buffer.alloc(0);
  let used = 0;
  /** Where the last piece begins in the block; undefined when it lies elsewhere. */
  let begun: number | undefined;

  const copy = (bytes: Buffer): void => {
    if (block.length - used < bytes.length) {
      block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      used = 0;
      begun = undefined;
    }
    bytes.copy(block, used);
    if (begun === undefined) begun = used;
    else pieces.pop();
    used += bytes.length;
    pieces.push(block.subarray(begun, used));
  };

  return {
    get size() {
      return size;
    },
    add(bytes) {
      if (bytes.length === 0) return;
      size += bytes.length;
      if (pieces.length >= KEPT_AS_THEY_CAME && bytes.length < SMALL_BYTES) {
        copy(bytes);
      } else {
        pieces.push(bytes);
        begun = undefined;
      }
    },
    take(length) {
      const bytes = pieces.length === 1 ? pieces[0]!.subarray(0, length) : Buffer.concat(pieces, length);
      pieces = [];
      size = 0;
      block = Buffer.alloc(0);
      used = 0;
      begun = undefined;
      return bytes;
    },
  };
}
