/** Bytes as people read them. What is sent is invented, and what comes back answers it: all of it may be shown. */

/** Names of the control characters that mean something here; others are shown as `<1B>`. */
const NAMES: Readonly<Record<number, string>> = { 10: 'LF', 11: 'VT', 13: 'CR', 28: 'FS' };

const MOST_SHOWN = 120;

/** The first bytes, control characters by name: `<VT>MSH|^~\&|…`. */
export function shown(bytes: Uint8Array, most = MOST_SHOWN): string {
  const text = Buffer.from(bytes.subarray(0, most))
    .toString('latin1')
    .replace(/[\0-\x1f\x7f-\xff]/g, (byte) => {
      const code = byte.charCodeAt(0);
      return `<${NAMES[code] ?? code.toString(16).toUpperCase().padStart(2, '0')}>`;
    });
  return bytes.length > most ? `${text}… (${sizeShown(bytes.length)})` : text;
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
