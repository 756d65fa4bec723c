/** The messages that a case sends: the template with other facts in MSH, another name, more segments. */

import type { Template } from './template.ts';
import { block } from './wire.ts';

/** What is to be different. Text is Latin-1: one character a byte. */
export interface Changes {
  readonly control_id?: string;
  /** MSH-9 with `^`, such as `ADT^A08`. */
  readonly type?: string;
  readonly version?: string;
  /** MSH-15 and MSH-16. */
  readonly wants?: readonly [string, string];
  /** MSH-18, with `~`. */
  readonly charset?: string;
  /** A name for the patient, written with `^~\&`; where the template has no patient, text of a note. */
  readonly name?: string;
  /** Segments after the others, written with `|^~\&`. */
  readonly more?: readonly string[];
  /** MSH-1 and MSH-2. */
  readonly delimiters?: string;
  /** What ends a segment. */
  readonly ending?: string;
}

/** A message to send. */
export interface Message {
  readonly control_id: string;
  readonly type: string;
  readonly version: string;
  readonly bytes: Buffer;
  /** With VT before and FS CR behind. */
  readonly framed: Buffer;
}

/** Makes messages with control ids that no other message has. */
export type Compose = (changes?: Changes) => Message;

/** What `more` is written with. */
const STANDARD = '|^~\\&';

/** MSH-9 of the kit's own message. */
const OWN_TYPE = 'ADT^A01^ADT_A01';

/**
 * Makes the messages of one case. `run` is in every control id, `next` counts on over all cases. A case has a patient of its
 * own: where an engine keeps the order of each patient, one case can't hold up another.
 */
export function composer(template: Template, run: string, patient: number, next: () => number): Compose {
  return (changes = {}) => {
    const control_id = changes.control_id ?? `${run}-${next()}`;
    const segments = template.segments.map((fields) => [...fields]);
    const msh = segments[0]!;
    const set = (field: number, value: string): void => {
      while (msh.length < field) msh.push('');
      msh[field - 1] = value;
    };
    const own = template.delimiters;
    if (!template.given) set(9, OWN_TYPE);
    if (changes.type !== undefined) set(9, changes.type.replaceAll('^', own[1]!));
    set(10, control_id);
    if (changes.version !== undefined) set(12, changes.version);
    // Without both, original mode: the template may ask for more than a case wants.
    const [accept, application] = changes.wants ?? ['', ''];
    if (msh.length > 14 || accept !== '') {
      set(15, accept);
      set(16, application);
    }
    if (changes.charset !== undefined) set(18, changes.charset);
    const pid = segments.find(([name]) => name === 'PID');
    if (pid !== undefined && !template.given) pid[3] = `${run}-P${patient}^^^TORTURE^MR`;
    if (changes.name !== undefined) {
      const name = redelimit(changes.name, STANDARD, own);
      if (pid === undefined) segments.push(['NTE', '1', '', name]);
      else {
        while (pid.length < 6) pid.push('');
        pid[5] = name;
      }
    }
    const wanted = changes.delimiters ?? own;
    const written = segments.map((fields, n) =>
      (n === 0 ? header(fields, own, wanted) : fields.map((field) => redelimit(field, own, wanted))).join(
        wanted[0],
      ),
    );
    const more = (changes.more ?? []).map((segment) => redelimit(segment, STANDARD, wanted));
    const text = [...written, ...more].map((segment) => segment + (changes.ending ?? '\r')).join('');
    const bytes = Buffer.from(text, 'latin1');
    const type = msh[8]!.replaceAll(own[1]!, '^');
    return { control_id, type, version: msh[11] ?? '', bytes, framed: block(bytes) };
  };
}

/** MSH with other delimiters: MSH-2 is the new ones, and MSH-10 is kept as it is. */
function header(fields: readonly string[], from: string, to: string): string[] {
  return fields.map((field, i) => {
    if (i === 1) return to.slice(1);
    return i === 9 ? field : redelimit(field, from, to);
  });
}

/** Other delimiters. A character that is one now and was none before becomes `_`: it would cut the text. */
function redelimit(text: string, from: string, to: string): string {
  if (from === to) return text;
  return [...text]
    .map((character) => {
      const place = from.indexOf(character);
      if (place !== -1) return to[place] ?? '_';
      return to.includes(character) ? '_' : character;
    })
    .join('');
}
