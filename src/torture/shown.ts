/** Bytes as people read them. What is sent is invented, and what comes back answers it: all of it may be shown. */

/** Names of the control characters that mean something here; others are shown as `<1B>`. */
const NAMES: Readonly<Record<number, string>> = { 10: 'LF', 11: 'VT', 13: 'CR', 28: 'FS' };

/** In characters, as shown. */
const MOST_SHOWN = 200;

/** The first bytes, control characters by name: `<VT>MSH|^~\&|…`; with the size where not all are shown. */
export function shown(bytes: Uint8Array, most = MOST_SHOWN): string {
  let text = '';
  for (const [i, code] of bytes.entries()) {
    if (text.length >= most && i < bytes.length - 1) return `${text}… (${sizeShown(bytes.length)})`;
    text += code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : `<${NAMES[code] ?? hex(code)}>`;
  }
  return text;
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(2, '0');
}

/** `812 bytes`, `64 kB`, `5 MB`. */
export function sizeShown(bytes: number): string {
  if (bytes < 10_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${Math.round(bytes / 100_000) / 10} MB`;
}

/** `1 answer`, `3 answers`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
