/** Messages out of a stream of bytes, each as soon as it is sure to be whole. */
import { splitMessages } from '../hl7/split.ts';

/**
 * As {@link splitMessages}, over bytes that come piece by piece. Only a message that another one follows is known to be
 * whole; the last one comes when the stream ends. Memory holds that one message and one chunk.
 */
export async function* streamMessages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let kept: Uint8Array[] = [];
  let length = 0;
  let enough = 0;
  for await (const chunk of chunks) {
    kept.push(chunk);
    length += chunk.length;
    // Read again only what has doubled: a long message costs twice its length, not its square.
    if (length < enough) continue;
    const bytes = Buffer.concat(kept);
    const messages = [...splitMessages(bytes)];
    const last = messages.pop();
    yield* messages;
    // With the line break or start block before it, which tell how its first line reads.
    const whole = last === undefined || messages.length === 0;
    const rest = whole ? bytes : bytes.subarray(last.byteOffset - bytes.byteOffset - 1);
    kept = [rest];
    length = rest.length;
    enough = 2 * length;
  }
  yield* splitMessages(Buffer.concat(kept));
}
