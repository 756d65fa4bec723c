/** Text of messages on a terminal. */
import { once } from 'node:events';
import type { Terminal } from './command.ts';

/** Control characters as pictures (U+2400 …): a message must not steer the terminal that shows it. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (control) => {
    const code = control.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';
  });
}

/** Writes to standard output, at the pace of whoever reads it. */
export async function print({ stdout }: Pick<Terminal, 'stdout'>, text: string): Promise<void> {
  if (!stdout.write(text)) await once(stdout, 'drain');
}
