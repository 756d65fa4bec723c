/** Arguments of the command line, read strictly. What is wrong ends the command with exit code 2. */
import { InvalidArgumentError } from 'commander';
import { CHARSET_NAMES, charsetName } from '../hl7/charset-names.ts';
import { isTimeZone } from '../hl7/datetime.ts';

/** A reader of whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`expected a number from ${least} to ${most}`);
  };
}

/** Where something listens. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `localhost:2575`, `[::1]:2575`. */
export function hostPort(text: string): HostPort {
  const [, six, name, digits] = /^(?:\[([^[\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = six ?? name;
  const port = Number(digits);
  if (host !== undefined && port > 0 && port <= 65535) return { host, port };
  throw new InvalidArgumentError('expected host:port, such as localhost:2575');
}

/** A character set of MSH-18, as table 0211 names it or as senders write it. */
export function charset(text: string): string {
  const name = charsetName(text);
  if (name !== undefined) return name;
  throw new InvalidArgumentError(
    `expected a character set of table 0211, such as ${CHARSET_NAMES.slice(0, 3).join(', ')}`,
  );
}

/** An IANA name, such as `Europe/Berlin`. */
export function timeZone(text: string): string {
  if (isTimeZone(text)) return text;
  throw new InvalidArgumentError('expected an IANA time zone, such as Europe/Berlin');
}
