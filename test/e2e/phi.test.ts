import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { type EngineProcess, runCommand, startEngineProcess, type Variables } from '../helpers/process.ts';
import {
  type FhirReceiver,
  type MllpReceiver,
  startFhirReceiver,
  startMllpReceiver,
} from '../helpers/receiver.ts';
import { hasRedis, redisUrl } from '../helpers/redis.ts';
import { createSite, type TestSite } from '../helpers/site.ts';
import { type Api, createApi } from './api.ts';
import { open, sendOnce } from './sender.ts';
import { until } from './until.ts';

/** What must be found nowhere but sealed. Each is a word that nothing else has. */
const phi = {
  family: 'Quillfeather',
  given: 'Zebulina',
  mrn: '7700123456',
  visit: '9911884477',
  placer: '4477001199',
  filler: '4477002288',
  street: 'Larkspur',
  phone: '5550199773',
  born: '19471123',
  comment: 'Glomerulonephritis',
  doctor: 'Wigglesworth',
} as const;

const msh = (type: string, id: string): string =>
  `MSH|^~\\&|HIS|RGH|PIPEHAT|RGH|20260317120000||${type}|${id}|P|2.5.1||||||UNICODE UTF-8`;
const name = `${phi.family}^${phi.given}`;
const pid = `PID|1||${phi.mrn}^^^RGH^MR||${name}||${phi.born}|F|||${phi.street}^^Reedhaven^WI||${phi.phone}`;
const pv1 = `PV1|1|I|3W^12^A^RGH||||1234^${phi.doctor}||||||||||||${phi.visit}^^^RGH^VN`;
const obr = `OBR|1|${phi.placer}^HIS|${phi.filler}^LAB|718-7^Hemoglobin^LN|||20260317110000|||||||||||||||20260317120000||HM|F`;
const lines = (...segments: string[]): string => `${segments.join('\r')}\r`;
const evn = 'EVN||20260317120000';

/** Messages with patients in every place where something can go wrong. */
const messages: Readonly<Record<string, string | Buffer>> = {
  admission: lines(msh('ADT^A01', 'PHI1'), evn, pid, pv1),
  result: lines(msh('ORU^R01', 'PHI2'), pid, pv1, obr, `OBX|1|TX|718-7^Hemoglobin^LN||${phi.comment}||||||F`),
  'bad date of birth': lines(msh('ADT^A08', 'PHI3'), evn, pid.replace(phi.born, phi.family), pv1),
  'no map for the event': lines(msh('ADT^A60', 'PHI4'), evn, pid, pv1),
  'undecodable bytes': Buffer.from(
    lines(msh('ADT^A08', 'PHI5'), evn, pid.replace('|F|', '|\xff|'), pv1),
    'latin1',
  ),
  'no MSH': lines(pid, pv1),
  'not HL7': `${phi.family} ${phi.given} ${phi.mrn}`,
  'no assigning authority': lines(msh('ADT^A08', 'PHI6'), evn, pid.replace('^^^RGH^MR', ''), pv1),
  'a word for a number': lines(
    msh('ORU^R01', 'PHI7'),
    pid,
    obr,
    `OBX|1|NM|718-7^Hemoglobin^LN||${phi.comment}||||||F`,
  ),
  'an unknown type of value': lines(
    msh('ORU^R01', 'PHI8'),
    pid,
    obr,
    `OBX|1|ZZ|718-7||${phi.comment}||||||F`,
  ),
  'unknown codes': lines(
    msh('ADT^A08', 'PHI9'),
    evn,
    pid.replace('|F|', `|${phi.given}|`),
    pv1.replace('|I|', `|${phi.given}|`),
  ),
  'no patient': lines(msh('ADT^A08', 'PHI10'), evn, pv1),
  'a type that is not accepted': lines(msh('QRY^A19', 'PHI11'), `QRD|${phi.mrn}|R|I|${phi.given}`),
  'a document': lines(
    msh('ORU^R01', 'PHI13'),
    pid,
    obr,
    `OBX|1|ED|11502-2^Report^LN||^AP^PDF^Base64^${Buffer.from(`${phi.comment} `.repeat(6000)).toString('base64')}||||||F`,
  ),
  'a letter': lines(
    msh('ORU^R01', 'PHI14'),
    pid,
    obr,
    `OBX|1|TX|11502-2^Report^LN||${`${phi.comment}\\.br\\`.repeat(6000)}||||||F`,
  ),
  discharge: lines(msh('ADT^A03', 'PHI12'), evn, pid, pv1),
};

const quoting = `Patient ${phi.family}, ${phi.given} (${phi.mrn}, born ${phi.born}) is unknown here`;

const outcome = JSON.stringify({
  resourceType: 'OperationOutcome',
  issue: [
    {
      severity: 'error',
      code: 'value',
      details: { text: quoting },
      diagnostics: quoting,
      expression: [`Patient.name.where(family = '${phi.family}')`],
    },
  ],
});

/** What receivers quote back, one answer after another; afterwards they take everything. */
const fhirAnswers = [
  { status: 503, body: outcome },
  { status: 422, body: outcome },
  { status: 200, body: quoting },
  { status: 412, body: outcome },
  'close',
] as const;
const mllpAnswers = [
  {
    text: `MSH|^~\\&|LAB|RGH|||20260317||ACK|1|P|2.5.1\rMSA|AE|PHI1|${quoting}\rERR||PID^1^5|204|E|||${phi.family}|${quoting}\r`,
  },
  { text: quoting },
  'close',
  'AR',
] as const;

function suite(queues: 'postgres' | 'redis'): void {
  describe(`patients in messages, with queues on ${queues}`, function () {
    this.timeout(90_000);
    let database: TestDatabase;
    let lab: MllpReceiver;
    let ehr: FhirReceiver;
    let site: TestSite;
    let engine: EngineProcess;
    let api: Api;
    let env: Variables;
    /** Everything that could be seen, by where it was seen. */
    const seen = new Map<string, string>();

    const run = async (args: readonly string[], expected = 0): Promise<void> => {
      const { code, stdout, stderr } = await runCommand(args, env);
      expect(code, stderr).to.equal(expected);
      seen.set(`pipehat ${args[0]}`, stdout + stderr);
    };
    const lookAtQueues = async (when: string): Promise<void> => {
      const rows = await dumpTables(database, `table_schema = 'bullmq'`);
      const keys = env.REDIS_URL === undefined ? '' : await dumpRedis(env.REDIS_URL);
      seen.set(`queues ${when}`, rows + keys);
    };

    before(async () => {
      database = await createDatabase();
      lab = await startMllpReceiver((_, n) => mllpAnswers[n] ?? 'AA');
      ehr = await startFhirReceiver((_, n) => fhirAnswers[n] ?? 'done');
      const retry = { first_ms: 20, most_ms: 100 };
      const hospital = {
        accept: { messages: ['ADT^*', 'ORU^R01'] },
        order: 'patient',
        source: { mllp: { port: 0 } },
      };
      site = await createSite({
        channels: {
          hospital: {
            ...hospital,
            steps: [{ transform: 'v2-to-fhir' }],
            route: [{ to: 'ehr' }, { to: 'lab' }, { to: 'archive' }],
          },
          strict: { ...hospital, steps: [{ filter: 'int(PID-5.1) > 0' }], route: [{ to: 'lab' }] },
        },
        systems: {
          ehr: { fhir: { base_url: `http://127.0.0.1:${ehr.port}` }, retry },
          lab: { mllp: { host: '127.0.0.1', port: lab.port }, retry },
          // A folder that is missing: nothing can be written.
          archive: { file: { path: 'missing/archive.ndjson' }, retry },
        },
        more: { log: { level: 'debug', form: 'json' } },
      });
      env = {
        DATABASE_URL: database.url,
        ...(queues === 'redis' ? { REDIS_URL: await redisUrl() } : {}),
      };
      engine = startEngineProcess(site, env);
      const places = await engine.ready;
      api = createApi(places.http, places.token!);

      const [hospitalAddress = '', strictAddress = ''] = ['hospital', 'strict'].map(
        (channel) => places.channels.find((one) => one.channel === channel)!.address,
      );
      for (const [says, message] of Object.entries(messages))
        seen.set(`answer to ${says}`, await sendOnce(hospitalAddress, message));
      await lookAtQueues('after sending');
      seen.set('answer of strict', await sendOnce(strictAddress, messages.admission!));
      await sendOutsideOfFrames(hospitalAddress);
      await until(async () => {
        const { channels, destinations } = await api.status();
        const left = destinations.filter(({ name }) => name !== 'archive');
        return [...channels, ...left].every(({ waiting }) => waiting === 0);
      });
      await lookAtQueues('at the end');
      for (const path of ['/metrics', '/v1/status', '/v1/messages', `/v1/messages?patient=${phi.mrn}`, '/'])
        seen.set(`GET ${path}`, (await api.request('GET', path)).text);
      const ids = (await api.messages()).map(({ id }) => id);
      for (const id of ids) seen.set(`trace ${id}`, JSON.stringify(await api.trace(id)));
      const place = ['--site', site.folder, '--data', site.data];
      await run(['messages', ...place]);
      await run(['trace', ids.at(-1)!, ...place]);
      await run(['replay', ids.at(-1)!, ...place]);
      await run(['lint', site.folder]);
      const file = join(site.folder, 'bad.hl7');
      await writeFile(file, messages['no map for the event']!);
      await run(['map', file, '--site', site.folder], 1);
      const { code } = await engine.end('SIGINT');
      expect(code).to.equal(0);
      seen.set('log', engine.output());
      seen.set(
        'tables',
        await dumpTables(database, `table_schema not in ('pg_catalog', 'information_schema')`),
      );
    });

    after(async () => {
      await engine?.end('SIGKILL');
      await Promise.all([lab?.stop(), ehr?.stop()]);
      await site?.remove();
      await database?.drop();
    });

    it('reach the receivers', () => {
      expect(lab.messages.join()).to.include(phi.family).and.to.include(phi.comment);
      expect(JSON.stringify(ehr.done)).to.include(phi.family).and.to.include(phi.comment);
    });

    it('are in documents that are kept apart', async () => {
      const { rows } = await database.pool.query('select 1 from attachment');
      expect(rows).to.have.lengthOf(2);
      expect(lab.messages.some((message) => message.length > 70_000)).to.equal(true);
    });

    it('went through every failure that this test means', async () => {
      const { rows } = await database.pool.query<{ code: string }>(
        `select error_code as code from message union select code from attempt`,
      );
      const codes = rows.map(({ code }) => code);
      expect(codes).to.include.members([
        ...['hl7-no-msh', 'hl7-charset-undecodable', 'message-type-not-accepted', 'expression-failed'],
        ...['mapping-no-map', 'fhir-busy', 'fhir-refused', 'fhir-unreadable-answer', 'fhir-no-answer'],
        ...['mllp-refused', 'mllp-unreadable-answer', 'mllp-no-answer', 'file-not-writable'],
      ]);
      expect(seen.get('log')).to.include('"level":"warn"');
      expect(seen.get('queues after sending')).to.include('lane');
    });

    it('would be found as text, in hex and in Base64', () => {
      for (const value of Object.values(phi)) {
        const text = `{"text":"${value.toUpperCase()}"}`;
        expect(holds(text, value)).to.equal(true);
        expect(holds(Buffer.from(` ${value} `).toString('hex'), value)).to.equal(true);
        for (const before of ['', 'a', 'ab'])
          expect(holds(Buffer.from(`${before}${value} and more`).toString('base64'), value)).to.equal(true);
      }
    });

    it('are seen nowhere else: logs, queues, metrics, API, commands, every table', () => {
      const found = [...seen].flatMap(([where, text]) =>
        Object.entries(phi)
          .filter(([, value]) => holds(text, value))
          .map(([kind]) => `${kind} in ${where}`),
      );
      expect(found).to.deep.equal([]);
    });
  });
}

suite('postgres');
if (hasRedis()) suite('redis');

/** Is the value there, as text of any case, in hex (as PostgreSQL shows bytes) or in Base64 (wherever it begins)? */
function holds(text: string, value: string): boolean {
  const bytes = Buffer.from(value);
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(shift && shift + 1)
      .replace(/.{0,3}=*$/, ''),
  );
  const plain = [value, bytes.toString('hex')].map((one) => one.toLowerCase());
  return plain.some((one) => text.toLowerCase().includes(one)) || shifted.some((one) => text.includes(one));
}

/** All rows of all tables that fit, as text. */
async function dumpTables({ pool }: TestDatabase, condition: string): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_type = 'BASE TABLE' and ${condition}`,
  );
  const dumps = rows.map(async ({ name }) => {
    const table = await pool.query<{ row: string }>(`select t::text as row from ${name} t`);
    return [name, ...table.rows.map(({ row }) => row)].join('\n');
  });
  return (await Promise.all(dumps)).join('\n');
}

/** All keys with their contents. */
async function dumpRedis(url: string): Promise<string> {
  const redis = new Redis(url);
  const keys = await redis.keys('*');
  const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  await redis.quit();
  return keys.map((key, i) => `${key} ${dumps[i]?.toString('latin1')}`).join('\n');
}

/** Bytes that are no frame, a frame that never ends. */
async function sendOutsideOfFrames(address: string): Promise<void> {
  const socket = await open(address);
  socket.end(`${phi.family}\n\x0b${messages.admission}`);
  await once(socket.resume(), 'close');
}
