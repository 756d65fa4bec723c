/**
 * Is everything linear? Each kind of text that has made parsers slow is read in two sizes, eight times apart. Work that is
 * linear takes eight times as long, squared work 64 times; the bound lies between, so that no clock has to be exact.
 */

import { setValue } from '../../src/hl7/edit.ts';
import { escape, unescape } from '../../src/hl7/escape.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { type Message, readMessage } from '../../src/hl7/message.ts';
import { parsePath } from '../../src/hl7/path.ts';
import { readGroups } from '../../src/hl7/structure.ts';

const TIMES = 8;
const MOST_TIMES = 32;
/** Of the small size: what takes less stays within the young generation, and costs less for that. */
const LEAST_MS = 30;
const FIRST_SIZE = 250;
const MOST_SIZE = 128_000;

const HEAD = 'MSH|^~\\&|A|B|C|D|20260101||ORU^R01^ORU_R01|1|P|2.5.1\r';

const PATHS = ['OBX[*]-5', 'OBX[*]-5[*].2', 'ORDER_OBSERVATION[*].OBX[*]-5', 'OBX[999999]-5', 'PID-3'].map(
  parsePath,
);

/** Texts that grow with `n`. */
const texts: Readonly<Record<string, (n: number) => string>> = {
  'short segments': (n) => HEAD + 'OBX\r'.repeat(n),
  results: (n) => `${HEAD}PID|1\r${'OBR|1\rNTE|1\rOBX|1|NM|a||1~2^3|x\rZZZ|1\r'.repeat(n)}`,
  'segments that have no place': (n) => HEAD + 'PV1|1\rPID|1\rQRD|1\r'.repeat(n),
  'lines that are no segments': (n) => `${HEAD}${'x\n'.repeat(n)}`,
  'blank lines': (n) => HEAD + '\r\n\n\r'.repeat(n),
  fields: (n) => `${HEAD}OBX${'|'.repeat(n)}x`,
  repetitions: (n) => `${HEAD}OBX|1|||${'a^b&c~'.repeat(n)}`,
  'marks of escape': (n) => `${HEAD}OBX|1||||${'\\'.repeat(n)}`,
  'escape sequences': (n) => `${HEAD}OBX|1||||${'\\.ce\\x\\.br\\\\X4142\\\\Z1\\\\F\\'.repeat(n)}`,
  'called character sets': (n) => `${HEAD}OBX|1||||${'\\M2442\\$"\\C2842\\a'.repeat(n)}`,
  'one long sequence': (n) => `${HEAD}OBX|1||||\\X${'41'.repeat(n)}\\`,
  'a long MSH': (n) => `MSH|^~\\&${'|A^B~'.repeat(n)}`,
  'a version of dots': (n) => `MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|${'1.'.repeat(n)}\rPID|1`,
};

/** What is done with each. */
const works: Readonly<Record<string, (message: Message, text: string) => unknown>> = {
  'reads fields': (message) =>
    message.segments.map((segment) => segment.field(5).length + segment.field(1).length),
  'finds values': (message) => PATHS.map((path) => [message.value(path), message.values(path).length]),
  'sorts groups': (message) => readGroups(message, 'ORU_R01', message.first('MSH')!.field(12)).misfits.length,
  'sets values': (message) => setValue(message, parsePath('OBX[*]-5[*].2'), 'x\ny').text.length,
  'unescapes and escapes': (message, text) =>
    escape(unescape(text, message.delimiters, 'UNICODE UTF-8'), message.delimiters).length,
  'reads the header': (_, text) => readHeader(Buffer.from(text, 'latin1')).code,
};

/** Says which work on which text is slower than linear. */
export function slowWorks(): string[] {
  return Object.entries(works).flatMap(([work, run]) =>
    Object.entries(texts)
      .filter(([, make]) => ratio(make, run) > MOST_TIMES)
      .map(([text]) => `${work}: slower than linear on ${text}`),
  );
}

/** How much longer the work takes on a text of {@link TIMES} the size. */
function ratio(make: (n: number) => string, run: (message: Message, text: string) => unknown): number {
  let n = FIRST_SIZE;
  let small = cost(make(n), run);
  for (; small < LEAST_MS && n < MOST_SIZE; small = cost(make(n), run)) n *= 2;
  return cost(make(n * TIMES), run) / Math.max(small, 1);
}

/** CPU time in milliseconds, the least of some tries: what the machine does beside it, and garbage, only add to it. */
function cost(text: string, run: (message: Message, text: string) => unknown): number {
  const tries = [1, 2].map(() => {
    const before = process.cpuUsage();
    run(readMessage(text), text);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...tries);
}
