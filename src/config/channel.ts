/** Channel files. */

/** One test of a channel file. */
export interface ChannelTest {
  readonly channel: string;
  /** File of one HL7 message, relative to the site's folder. */
  readonly in: string;
  readonly expect: Expectation;
}

/** What should come of it: the outputs by system, or that it is filtered, or that it fails. */
export type Expectation =
  | { readonly filtered: true }
  | { readonly error: string; readonly at?: string }
  | { readonly outputs: Readonly<Record<string, string>> };
