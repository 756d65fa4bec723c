/** Request and response of an attempt as one payload: `length of the request in bytes`, a line feed, request, response. */

/** What was sent and what came back. */
export interface Exchange {
  readonly request: string;
  readonly response: string;
}

/** Both texts as bytes. They are not wrapped in JSON: escaping a Bundle costs as much as making it. */
export function exchangeBytes({ request, response }: Exchange): Buffer {
  return Buffer.from(`${Buffer.byteLength(request)}\n${request}${response}`);
}

/** Reads what {@link exchangeBytes} wrote. */
export function readExchange(bytes: Buffer): Exchange {
  const start = bytes.indexOf('\n') + 1;
  const end = start + Number(bytes.toString('latin1', 0, start - 1));
  return { request: bytes.toString('utf8', start, end), response: bytes.toString('utf8', end) };
}
