import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createRandom, type Random } from '../../samples/traffic/random.ts';
import { type TrafficMessage, traffic } from '../../samples/traffic.ts';
import { type EngineProcess, type Places, runCommand, startEngineProcess } from '../helpers/process.ts';
import {
  controlIdOf,
  type FhirReceiver,
  type MllpReceiver,
  startFhirReceiver,
  startMllpReceiver,
  type Transaction,
} from '../helpers/receiver.ts';
import { createSite, killPostgres, type TestSite } from '../helpers/site.ts';
import { type Api, createApi } from './api.ts';
import { createSender } from './sender.ts';

/** `KILLS=20 SEED=7 mocha test/e2e/crash.test.ts` */
const KILLS = Number(process.env.KILLS ?? 4);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** Senders side by side. A patient's messages all come from one of them. */
const SENDERS = 8;
/** What each sender lets pass between two messages: enough load that every stage has work at any moment. */
const PAUSE_MS = 8;
const PATIENTS = 24;
/** The share of messages whose answer gets lost, at every place, and of those that a receiver has no time for. */
const FAULTS = 0.01;
/** Receivers take up to so long: about what the senders send, so that deliveries queue before them. */
const ANSWER_MS = 20;

describe('an engine that is killed at any moment', function () {
  this.timeout(60_000 + KILLS * 10_000);
  let site: TestSite;
  let lab: MllpReceiver;
  let ehr: FhirReceiver;
  let engine: EngineProcess | undefined;
  let closed = 0;
  const stops: (() => void)[] = [];

  before(async () => {
    const faults = createRandom(SEED);
    const fault = (): boolean => faults.chance(FAULTS);
    const answer = async <Answer>(accepted: Answer): Promise<Answer | 'close'> => {
      await sleep(faults.integer(0, ANSWER_MS));
      if (!fault()) return accepted;
      closed += 1;
      return 'close';
    };
    lab = await startMllpReceiver(() => answer('AA'));
    ehr = await startFhirReceiver(() => (fault() ? { status: 503, body: '' } : answer('done')));
    const retry = { first_ms: 20, most_ms: 200 };
    site = await createSite({
      channels: {
        hospital: {
          source: { mllp: { port: 0 } },
          accept: { messages: ['ADT^*', 'ORU^R01'] },
          order: 'patient',
          steps: [{ transform: 'v2-to-fhir' }],
          route: [{ to: 'ehr' }, { to: 'lab' }, { to: 'archive' }],
        },
      },
      systems: {
        ehr: { fhir: { base_url: `http://127.0.0.1:${ehr.port}` }, retry },
        lab: { mllp: { host: '127.0.0.1', port: lab.port, connections: 2 }, retry },
        archive: { file: { path: 'archive.ndjson', content: 'event' }, retry },
      },
    });
  });

  after(async () => {
    for (const stop of stops) stop();
    await engine?.end('SIGKILL');
    await Promise.all([lab?.stop(), ehr?.stop()]);
    await site?.remove();
  });

  it(`loses nothing, doubles nothing, keeps the order of each patient: ${KILLS} kills, SEED=${SEED}`, async () => {
    const random = createRandom(SEED);
    let listening = Promise.withResolvers<string>();
    const load = startLoad(() => listening.promise);
    stops.push(load.stop);

    const start = async (): Promise<Places> => {
      engine = startEngineProcess(site);
      const places = await engine.ready;
      listening.resolve(places.channels[0]!.address);
      return places;
    };
    const kill = async (): Promise<void> => {
      // A power cut takes the database along.
      if (random.chance(0.3)) await killPostgres(site.data);
      await engine?.end('SIGKILL');
      listening = Promise.withResolvers();
    };

    const { token } = await start();
    let kills = 0;
    while (kills < KILLS) {
      await load.accepted(random.integer(10, 300));
      await sleep(random.integer(0, 10));
      await kill();
      kills += 1;
      if (random.chance(0.25)) {
        await killWhileItStarts(site, random);
        kills += 1;
      }
      await start();
    }
    await load.accepted(100);
    const { sent, refusals } = await load.finish();
    const api = createApi((await engine!.ready).http, token!);
    await api.idle();

    // A database that was killed before its engine: the sender is told so, and sends again.
    const others = refusals.filter((answer) => !answer.includes('store-unreachable'));
    expect(others, 'answers beside AA').to.deep.equal([]);
    // A patient's next message goes out when the answer to the one before it is committed: so a kill repeats one at most.
    const mostRepeats = closed + kills * PATIENTS;
    checkLab(lab, sent, mostRepeats);
    checkEhr(ehr, sent, mostRepeats);
    await checkArchive(join(site.data, 'archive.ndjson'), sent);
    await checkStatus(api, sent.length);

    const { code, stderr } = await engine!.end('SIGINT');
    expect(code, stderr).to.equal(0);
    const audit = await runCommand(['audit', 'verify', '--site', site.folder, '--data', site.data]);
    expect(audit.code, audit.stdout + audit.stderr).to.equal(0);
  });
});

/** Another engine that doesn't live to listen. */
async function killWhileItStarts(site: TestSite, random: Random): Promise<void> {
  const engine = startEngineProcess(site);
  await sleep(random.integer(100, 1200));
  await engine.end('SIGKILL');
}

interface Load {
  /** Resolves when so many more messages are accepted. */
  accepted(count: number): Promise<void>;
  /** Sends no new message; resolves when all are accepted. */
  finish(): Promise<{ sent: readonly TrafficMessage[]; refusals: readonly string[] }>;
  stop(): void;
}

/** Sends messages of a hospital without end, each patient's over one connection, in order. */
function startLoad(address: () => Promise<string>): Load {
  const stream = traffic({ seed: SEED, patients: PATIENTS, start: '2026-01-01T00:00:00Z' });
  const queues = Array.from({ length: SENDERS }, (): TrafficMessage[] => []);
  const sent: TrafficMessage[] = [];
  let ending = false;

  const next = (own: number): TrafficMessage => {
    for (;;) {
      const waiting = queues[own]!.shift();
      if (waiting !== undefined) return waiting;
      const message = stream.next().value;
      // A merge speaks of two patients: not for this test, whose patients are one sender's each.
      if (message.trigger !== 'ADT^A40') queues[Number(message.patient) % SENDERS]!.push(message);
    }
  };
  const deafness = createRandom(~SEED);
  const senders = queues.map(() => createSender(address, () => deafness.chance(FAULTS)));
  const runs = senders.map(async (sender, own) => {
    while (!ending) {
      const message = next(own);
      await sender.send(message.text);
      sent.push(message);
      await sleep(PAUSE_MS);
    }
  });
  return {
    async accepted(count) {
      const goal = sent.length + count;
      while (sent.length < goal) await sleep(1);
    },
    async finish() {
      ending = true;
      await Promise.all(runs);
      for (const sender of senders) sender.close();
      return { sent, refusals: senders.flatMap((sender) => sender.refusals) };
    },
    stop() {
      ending = true;
    },
  };
}

/** The sent messages' places in their patient's order, by what a receiver can see of a message. */
function placesOf(
  sent: readonly TrafficMessage[],
  see: (message: TrafficMessage) => string,
): Map<string, { patient: string; sequence: number }> {
  return new Map(sent.map((message) => [see(message), message]));
}

/** All came; each patient's came in order; what came again came before the next of its patient, and only so often. */
function checkArrivals(
  name: string,
  arrivals: readonly string[],
  places: ReadonlyMap<string, { patient: string; sequence: number }>,
  mostRepeats: number,
): void {
  const seen = new Set(arrivals);
  const lost = [...places.keys()].filter((key) => !seen.has(key));
  const strangers = [...seen].filter((key) => !places.has(key));
  expect({ name, lost, strangers }).to.deep.equal({ name, lost: [], strangers: [] });
  const last = new Map<string, number>();
  for (const key of arrivals) {
    const { patient, sequence } = places.get(key)!;
    expect(sequence, `${name}: ${key} after a later one`).to.be.at.least(last.get(patient) ?? 0);
    last.set(patient, sequence);
  }
  expect(arrivals.length - seen.size, `${name}: repetitions`).to.be.at.most(mostRepeats);
}

function checkLab(lab: MllpReceiver, sent: readonly TrafficMessage[], mostRepeats: number): void {
  const places = placesOf(sent, ({ control_id }) => control_id);
  checkArrivals('lab', lab.messages.map(controlIdOf), places, mostRepeats);
  const texts = new Map(sent.map(({ control_id, text }) => [control_id, text]));
  const changed = lab.messages.filter((message) => message !== texts.get(controlIdOf(message)));
  expect(changed, 'messages that came changed').to.deep.equal([]);
}

function checkEhr(ehr: FhirReceiver, sent: readonly TrafficMessage[], mostRepeats: number): void {
  const places = placesOf(sent, ({ patient, sequence }) => `${patient} Unit ${sequence}`);
  checkArrivals('ehr', ehr.done.map(patientAndUnit), places, mostRepeats);
  const contents = new Map<string, Set<string>>();
  for (const { id, entries } of ehr.done) {
    contents.set(id, (contents.get(id) ?? new Set()).add(JSON.stringify(entries)));
  }
  const ambiguous = [...contents].filter(([, versions]) => versions.size > 1).map(([id]) => id);
  expect(ambiguous, 'requests that came again with another content').to.deep.equal([]);
  const records = new Map<string, Set<string>>();
  for (const [url, [record]] of ehr.records) {
    for (const identifier of identifiersOf(record!)) {
      const key = `${record!.resourceType} ${identifier}`;
      records.set(key, (records.get(key) ?? new Set()).add(url));
    }
  }
  const doubled = [...records].filter(([, urls]) => urls.size > 1).map(([key]) => key);
  expect(doubled, 'identifiers that lead to several records').to.deep.equal([]);
}

/** The message that a transaction came from: traffic counts each patient's messages in the address. */
function patientAndUnit({ entries }: Transaction): string {
  const patient = entries.find(({ resource }) => resource.resourceType === 'Patient')
    ?.resource as unknown as {
    identifier: { value: string }[];
    address: { line: string[] }[];
  };
  return `${patient.identifier[0]?.value} ${patient.address[0]?.line[1]}`;
}

function identifiersOf(record: object): string[] {
  const { identifier = [] } = record as { identifier?: { system?: string; value: string }[] };
  return [identifier].flat().map(({ system, value }) => `${system}|${value}`);
}

async function checkArchive(file: string, sent: readonly TrafficMessage[]): Promise<void> {
  const lines = (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { delivery: string; event: { payload_hash: string } });
  expect(new Set(lines.map(({ delivery }) => delivery)).size, 'deliveries in the archive').to.equal(
    lines.length,
  );
  const places = placesOf(sent, ({ text }) => createHash('sha256').update(text).digest('hex'));
  const hashes = lines.map(({ event }) => event.payload_hash);
  checkArrivals('archive', hashes, places, 0);
}

async function checkStatus(api: Api, messages: number): Promise<void> {
  const { channels, destinations } = await api.status();
  const { received, processed, failed, rejected } = channels[0]!;
  expect({ received, processed, failed, rejected }).to.deep.equal({
    received: messages,
    processed: messages,
    failed: 0,
    rejected: 0,
  });
  for (const { name, delivered, held, ambiguous, rejected } of destinations) {
    expect({ name, delivered, held, ambiguous, rejected }).to.deep.equal({
      ...{ name, delivered: messages },
      ...{ held: 0, ambiguous: 0, rejected: 0 },
    });
  }
}
