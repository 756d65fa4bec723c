/**
 * `npm run test:fuzz`: random mutations of the samples through reader, groups, paths, escapes, editing, header, ACK
 * reader and framer; then the proof that all of it is linear. `SEED` and `RUNS` in the environment choose the mutations;
 * each run has a seed of its own, so that one that fails can be had again alone.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../samples/traffic/random.ts';
import { check } from './checks.ts';
import { slowWorks } from './linear.ts';
import { mutate } from './mutate.ts';

const SAMPLES = join(import.meta.dirname, '../../samples');
/** Larger samples would make every run long; what they have of their own is their size. */
const MOST_SAMPLE_BYTES = 8192;
const PROGRESS_MS = 10_000;
/** How many failures are told before giving up: they are mostly one. */
const MOST_FAILURES = 5;

function readSamples(): Buffer[] {
  return readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.hl7'))
    .sort()
    .map((file) => readFileSync(join(SAMPLES, file)))
    .filter(({ length }) => length > 0 && length <= MOST_SAMPLE_BYTES);
}

function numberFrom(name: string, otherwise: number): number {
  const text = process.env[name] ?? '';
  if (text === '') return otherwise;
  if (!/^\d{1,10}$/.test(text)) throw new Error(`expected a whole number in ${name}, found ${text}`);
  return Number(text);
}

const seed = numberFrom('SEED', Date.now() % 2 ** 31);
const runs = numberFrom('RUNS', 1_000_000);
const samples = readSamples();
let failures = 0;
let reported = performance.now();
console.log(`SEED=${seed} RUNS=${runs}, ${samples.length} samples`);
for (let run = 0; run < runs && failures < MOST_FAILURES; run++) {
  const random = createRandom(seed + run);
  const { bytes, did } = mutate(samples, random);
  try {
    check(bytes, random);
  } catch (error) {
    failures += 1;
    const { message, stack = '' } = error as Error;
    console.error(`\nFAILED: ${message}\n  again: SEED=${seed + run} RUNS=1 npm run test:fuzz`);
    console.error(
      `  ${bytes.length} bytes after ${did.join(', ')}: ${JSON.stringify(bytes.toString('latin1').slice(0, 400))}`,
    );
    console.error(stack.split('\n').slice(1, 6).join('\n'));
  }
  if (performance.now() - reported > PROGRESS_MS) {
    reported = performance.now();
    console.log(`${run + 1} of ${runs}`);
  }
}
if (failures === 0) console.log(`${runs} mutations held`);
const slow = slowWorks();
for (const one of slow) console.error(`FAILED: ${one}`);
if (slow.length === 0) console.log('all is linear');
process.exitCode = failures + slow.length === 0 ? 0 : 1;
