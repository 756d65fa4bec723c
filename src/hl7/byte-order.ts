/** How the first bytes of a message tell that it is Unicode: by a byte order mark, or by zeros around its `MSH`. */
import { type Codec, iconvCodec, utf8, utf16 } from './codec.ts';

/** A form of Unicode that the bytes themselves show. */
export interface UnicodeForm {
  /** As table 0211 names it. */
  readonly name: 'UNICODE UTF-8' | 'UNICODE UTF-16' | 'UNICODE UTF-32';
  readonly codec: Codec;
  /** Length of the byte order mark; 0 where there is none. */
  readonly mark: number;
}

const utf32 = (order: 'le' | 'be'): Codec => iconvCodec(`utf-32${order}`, { overlaps: true, ascii: false });

/** Longest first: the mark of UTF-32 begins with that of UTF-16. */
const FORMS: readonly (UnicodeForm & { readonly start: Buffer })[] = [
  form('UNICODE UTF-32', utf32('be'), [0, 0, 0xfe, 0xff], 4),
  form('UNICODE UTF-32', utf32('le'), [0xff, 0xfe, 0, 0], 4),
  form('UNICODE UTF-32', utf32('be'), [0, 0, 0, 0x4d], 0),
  form('UNICODE UTF-32', utf32('le'), [0x4d, 0, 0, 0], 0),
  form('UNICODE UTF-8', utf8, [0xef, 0xbb, 0xbf], 3),
  form('UNICODE UTF-16', utf16('be'), [0xfe, 0xff], 2),
  form('UNICODE UTF-16', utf16('le'), [0xff, 0xfe], 2),
  form('UNICODE UTF-16', utf16('be'), [0, 0x4d, 0, 0x53], 0),
  form('UNICODE UTF-16', utf16('le'), [0x4d, 0, 0x53, 0], 0),
];

function form(name: UnicodeForm['name'], codec: Codec, start: readonly number[], mark: number) {
  return { name, codec, mark, start: Buffer.from(start) };
}

/** The form, or undefined where the first bytes show none: then they begin with an `MSH` of three bytes, or with no MSH. */
export function unicodeForm(bytes: Uint8Array): UnicodeForm | undefined {
  // Nearly every message, by its M and S.
  if (bytes[0] === 0x4d && bytes[1] !== 0) return undefined;
  return FORMS.find(({ start }) => start.every((byte, i) => bytes[i] === byte));
}
