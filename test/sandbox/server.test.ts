import type {
  Bundle,
  BundleEntry,
  CapabilityStatement,
  Encounter,
  Observation,
  OperationOutcome,
  Patient,
} from '@medplum/fhirtypes';
import { expect } from 'chai';
import { PipehatError } from '../../src/errors.ts';
import { transactionBundle, writesOf } from '../../src/fhir/bundle.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { capturingLog } from '../contract/destination.ts';
import { admission, result } from '../fhir/events.ts';

const MRN = 'urn:oid:1.2.3';
const patient = (mrn: string, more: Partial<Patient> = {}): Patient => ({
  resourceType: 'Patient',
  identifier: [{ system: MRN, value: mrn }],
  ...more,
});
const byMrn = (mrn: string) => `Patient?identifier=${encodeURIComponent(`${MRN}|${mrn}`)}`;

describe('sandbox/server', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = createSandbox({ host: '127.0.0.1', port: 0, log: capturingLog([]) });
    await sandbox.start();
  });

  afterEach(() => sandbox.stop(1000));

  const call = async <Body = unknown>(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; headers: Headers; body: Body }> => {
    const response = await fetch(path === '' ? sandbox.address : `${sandbox.address}/${path}`, {
      method,
      headers: { ...(body && { 'content-type': 'application/fhir+json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
  };
  const search = async (path: string) => (await call<Bundle>('GET', path)).body;
  const total = async (path: string) => (await search(path)).total;
  const transaction = (
    ...requests: (readonly [method: 'PUT', url: string, resource: object | undefined])[]
  ) =>
    call<{ resourceType: string }>('POST', '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: requests.map(([method, url, resource]) => ({ resource, request: { method, url } })),
    });

  describe('single requests', () => {
    it('describes itself', async () => {
      const { status, body } = await call<CapabilityStatement>('GET', 'metadata');
      expect(status).to.equal(200);
      expect(body.fhirVersion).to.equal('4.0.1');
      const encounter = body.rest?.[0]?.resource?.find(({ type }) => type === 'Encounter');
      expect(encounter?.conditionalUpdate).to.equal(true);
      expect(encounter?.searchParam?.map(({ name }) => name)).to.include('subject');
    });

    it('creates, reads, updates, deletes, and keeps the versions', async () => {
      const created = await call<Patient>('POST', 'Patient', patient('1'));
      expect(created.status).to.equal(201);
      const place = `Patient/${created.body.id}`;
      expect(created.headers.get('location')).to.equal(`${sandbox.address}/${place}/_history/1`);
      expect(created.headers.get('etag')).to.equal('W/"1"');
      expect(created.headers.get('content-type')).to.match(/^application\/fhir\+json/);
      const updated = await call<Patient>('PUT', place, { ...created.body, gender: 'female' });
      expect([updated.status, updated.body.meta?.versionId]).to.deep.equal([200, '2']);
      expect((await call<Patient>('GET', place)).body.gender).to.equal('female');
      expect((await call<Patient>('GET', `${place}/_history/1`)).body.gender).to.equal(undefined);
      for (const _again of [1, 2]) {
        const history = (await call<Bundle>('GET', `${place}/_history`)).body;
        expect(history.entry?.map(({ resource }) => resource?.meta?.versionId)).to.deep.equal(['2', '1']);
      }
      expect((await call('DELETE', place)).status).to.equal(200);
      expect((await call('GET', place)).status).to.equal(410);
      expect(await total(byMrn('1'))).to.equal(0);
    });

    it('keeps If-Match', async () => {
      const { body } = await call<Patient>('POST', 'Patient', patient('1'));
      const put = (version: string) =>
        call('PUT', `Patient/${body.id}`, body, { 'if-match': `W/"${version}"` });
      expect((await put('1')).status).to.equal(200);
      expect((await put('1')).status).to.equal(412);
    });

    it('keeps If-None-Exist', async () => {
      const create = () =>
        call<Patient>('POST', 'Patient', patient('1'), { 'if-none-exist': byMrn('1').slice(8) });
      const first = await create();
      const second = await create();
      expect([first.status, second.status]).to.deep.equal([201, 200]);
      expect(second.body.id).to.equal(first.body.id);
    });

    it('creates by a conditional update, then updates, and refuses where several match', async () => {
      expect((await call('PUT', byMrn('1'), patient('1'))).status).to.equal(201);
      const second = await call<Patient>('PUT', byMrn('1'), patient('1'));
      expect([second.status, second.body.meta?.versionId]).to.deep.equal([200, '2']);
      await call('POST', 'Patient', patient('1'));
      expect((await call('PUT', byMrn('1'), patient('1'))).status).to.equal(412);
    });

    it('answers with no body where the client prefers so', async () => {
      const { status, body, headers } = await call('PUT', byMrn('1'), patient('1'), {
        prefer: 'return=minimal',
      });
      expect([status, body]).to.deep.equal([201, '']);
      expect(headers.get('location')).to.match(/\/Patient\/[^/]+\/_history\/1$/);
    });

    it('patches', async () => {
      const { body } = await call<Patient>('POST', 'Patient', patient('1'));
      const patched = await call<Patient>(
        'PATCH',
        `Patient/${body.id}`,
        [{ op: 'add', path: '/gender', value: 'male' }],
        { 'content-type': 'application/json-patch+json' },
      );
      expect([patched.status, patched.body.gender, patched.body.meta?.versionId]).to.deep.equal([
        200,
        'male',
        '2',
      ]);
    });
  });

  describe('search', () => {
    it('finds by identifier, by other parameters, by both, sorted, in pages', async () => {
      await call('POST', 'Patient', patient('1', { gender: 'male', name: [{ family: 'Beta' }] }));
      await call('POST', 'Patient', patient('2', { gender: 'male', name: [{ family: 'Alpha' }] }));
      expect(await total(byMrn('1'))).to.equal(1);
      expect(await total(byMrn('3'))).to.equal(0);
      expect(await total('Patient?identifier=2')).to.equal(1);
      expect(await total('Patient?gender=male')).to.equal(2);
      expect(await total(`${byMrn('1')}&gender=female`)).to.equal(0);
      expect(await total(`Patient?identifier=${MRN}|1,${MRN}|2`)).to.equal(2);
      const page = await search('Patient?gender=male&_sort=name&_count=1');
      expect(page.total).to.equal(2);
      expect(page.entry?.map(({ resource }) => (resource as Patient).name?.[0]?.family)).to.deep.equal([
        'Alpha',
      ]);
    });

    it('takes separators in values for what they are, when escaped', async () => {
      const odd = 'a|b,c\\d$e';
      await call('POST', 'Patient', patient(odd));
      const [write] = writesOf(admission(odd));
      expect(await total(write?.request.url ?? '')).to.equal(1);
    });

    it('follows a changed identifier', async () => {
      const { body } = await call<Patient>('POST', 'Patient', patient('1'));
      await call('PUT', `Patient/${body.id}`, { ...patient('2'), id: body.id });
      expect([await total(byMrn('1')), await total(byMrn('2'))]).to.deep.equal([0, 1]);
    });

    it('searches by a form, and includes what is referred to', async () => {
      await call('POST', '', transactionBundle(writesOf(admission('1'))));
      const form = await fetch(`${sandbox.address}/Patient/_search`, {
        method: 'POST',
        body: new URLSearchParams({ identifier: `${MRN}|1` }),
      });
      expect(((await form.json()) as Bundle).total).to.equal(1);
      const found = await search('Encounter?_include=Encounter:subject');
      expect(found.entry?.map(({ resource }) => resource?.resourceType)).to.deep.equal([
        'Encounter',
        'Patient',
      ]);
    });

    it('does a conditional update among 10,000 patients without looking at each', async () => {
      for (let from = 0; from < 10_000; from += 1000) {
        const numbers = Array.from({ length: 1000 }, (_, i) => String(from + i));
        await transaction(...numbers.map((n) => ['PUT', byMrn(n), patient(n)] as const));
      }
      expect(await total('Patient?_count=0')).to.equal(10_000);
      for (let n = 0; n < 500; n++) await call('PUT', byMrn(String(n)), patient(String(n)));
      expect(await total('Patient?_count=0')).to.equal(10_000);
    });
  });

  describe('transactions', () => {
    it('resolves urn:uuid references, and answers with status, place and version of each entry', async () => {
      const { status, body } = await call<Bundle>('POST', '', transactionBundle(writesOf(admission('1'))));
      expect([status, body.type]).to.deep.equal([200, 'transaction-response']);
      expect(body.entry?.map(({ response }) => [response?.status, response?.etag])).to.deep.equal([
        ['201', 'W/"1"'],
        ['201', 'W/"1"'],
        ['201', 'W/"1"'],
      ]);
      const place = body.entry?.[0]?.response?.location;
      const encounter = (await search('Encounter')).entry?.[0]?.resource as Encounter;
      expect(place).to.equal(`${encounter.subject?.reference}/_history/1`);
    });

    it('takes more conditional entries than the eight of the library', async () => {
      const numbers = Array.from({ length: 60 }, (_, n) => String(n));
      const write = () => transaction(...numbers.map((n) => ['PUT', byMrn(n), patient(n)] as const));
      expect((await write()).status).to.equal(200);
      expect((await write()).status).to.equal(200);
      expect(await total('Patient')).to.equal(60);
    });

    it('does nothing at all where one entry fails, neither create nor update', async () => {
      await call('PUT', byMrn('1'), patient('1', { gender: 'male' }));
      const { status, body } = await transaction(
        ['PUT', byMrn('1'), patient('1', { gender: 'female' })],
        ['PUT', byMrn('2'), patient('2')],
        ['PUT', byMrn('3'), { ...patient('3'), gender: 7 }],
      );
      expect([status, body.resourceType]).to.deep.equal([400, 'OperationOutcome']);
      expect(await total('Patient')).to.equal(1);
      expect(await total(byMrn('2'))).to.equal(0);
      const kept = (await search(byMrn('1'))).entry?.[0]?.resource as Patient;
      expect([kept.gender, kept.meta?.versionId]).to.deep.equal(['male', '1']);
    });

    it('resolves conditional references, and fails as a whole where none or several match', async () => {
      const encounter = writesOf(admission('1'), ['Encounter'])[0];
      const write = () => transaction(['PUT', encounter?.request.url ?? '', encounter?.resource]);
      expect((await write()).status).to.equal(412);
      expect(await total('Encounter')).to.equal(0);
      const { body } = await call<Patient>('POST', 'Patient', patient('1'));
      expect((await write()).status).to.equal(200);
      const written = (await search('Encounter')).entry?.[0]?.resource as Encounter;
      expect(written.subject?.reference).to.equal(`Patient/${body.id}`);
      await call('POST', 'Patient', patient('1'));
      expect((await write()).status).to.equal(412);
    });

    describe('with conditional creates', () => {
      const write = (...entry: BundleEntry[]) =>
        call<Bundle>('POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
      const creating = (mrn: string, resource = patient(mrn)): BundleEntry => ({
        resource,
        request: { method: 'POST', url: 'Patient', ifNoneExist: byMrn(mrn).slice('Patient?'.length) },
      });
      const answers = ({ entry }: Bundle) =>
        entry?.map(({ response }) => [response?.status, response?.etag, response?.location]);

      it('create what is missing, leave alone what is there, and refer to it', async () => {
        const bundle = () => transactionBundle(writesOf(result('1')));
        const first = await call<Bundle>('POST', '', bundle());
        const second = await call<Bundle>('POST', '', bundle());
        const places = answers(first.body)?.map(([, , location]) => location);
        expect(answers(first.body)?.map(([status]) => status)).to.deep.equal(['201', '201', '201']);
        expect(answers(second.body)).to.deep.equal([
          ['200', 'W/"1"', places?.[0]],
          ['200', 'W/"1"', places?.[1]],
          ['200', 'W/"2"', places?.[2]?.replace(/1$/, '2')],
        ]);
        const observation = (await search('Observation')).entry?.[0]?.resource as Observation;
        const { subject, encounter } = observation;
        expect([subject, encounter].map((reference) => `${reference?.reference}/_history/1`)).to.deep.equal(
          places?.slice(0, 2),
        );
      });

      it('fail as a whole where several match', async () => {
        await call('POST', 'Patient', patient('1'));
        await call('POST', 'Patient', patient('1'));
        expect((await write(creating('2'), creating('1'))).status).to.equal(412);
        expect(await total(byMrn('2'))).to.equal(0);
      });

      it('may meet one record by different identifiers, but not make one twice', async () => {
        const identifier = ['1', '2'].map((value) => ({ system: MRN, value }));
        await call('POST', 'Patient', patient('1', { identifier }));
        const { body } = await write(creating('1'), creating('2'));
        expect(answers(body)?.map(([status]) => status)).to.deep.equal(['200', '200']);
        expect((await write(creating('3'), creating('3'))).status).to.equal(400);
        expect(await total('Patient')).to.equal(1);
      });
    });

    it('refuses two entries for one record, new or not', async () => {
      const twice = () => transaction(['PUT', byMrn('1'), patient('1')], ['PUT', byMrn('1'), patient('1')]);
      expect((await twice()).status).to.equal(400);
      expect(await total('Patient')).to.equal(0);
      await call('POST', 'Patient', patient('1'));
      expect((await twice()).status).to.equal(400);
    });

    it('runs concurrent transactions one after another: one record for each identifier', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          call('POST', '', transactionBundle(writesOf(admission(String(n % 4))))),
        ),
      );
      expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 200));
      expect([await total('Patient'), await total('Encounter'), await total('Location')]).to.deep.equal([
        4, 4, 1,
      ]);
    });

    it('answers a batch entry by entry', async () => {
      const { status, body } = await call<Bundle>('POST', '', {
        resourceType: 'Bundle',
        type: 'batch',
        entry: [
          { resource: patient('1'), request: { method: 'POST', url: 'Patient' } },
          { request: { method: 'GET', url: 'Patient/none' } },
        ],
      });
      expect(status).to.equal(200);
      expect(body.entry?.map(({ response }) => response?.status)).to.deep.equal(['201', '404']);
      expect(await total('Patient')).to.equal(1);
    });
  });

  describe('refusals', () => {
    const cases: [title: string, status: number, method: string, path: string, body?: object][] = [
      ['an unknown record', 404, 'GET', 'Patient/none'],
      ['an unknown resource type', 404, 'GET', 'Nonsense'],
      ['an unknown operation', 404, 'GET', 'Patient/1/$nonsense/x'],
      ['an update of what is not there', 404, 'PUT', 'Patient/none', { ...patient('1'), id: 'none' }],
      ['an unknown search parameter', 400, 'GET', 'Patient?identifer=1'],
      ['a misspelt conditional update', 400, 'PUT', 'Patient?identifer=1', patient('1')],
      ['an invalid resource', 400, 'POST', 'Patient', { resourceType: 'Patient', nonsense: 1 }],
      ['a resource of another type', 400, 'POST', 'Patient', { resourceType: 'Encounter' }],
      ['no resource at all', 400, 'POST', 'Patient', []],
      ['no bundle', 400, 'POST', '', patient('1')],
      ['an empty transaction', 400, 'POST', '', { resourceType: 'Bundle', type: 'transaction' }],
      [
        'a transaction that is nonsense',
        400,
        'POST',
        '',
        { resourceType: 'Bundle', type: 'transaction', entry: 3 },
      ],
      [
        'an entry that is nonsense',
        400,
        'POST',
        '',
        { resourceType: 'Bundle', type: 'transaction', entry: [null] },
      ],
      ['an empty entry', 400, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [{}] }],
    ];
    for (const [title, status, method, path, body] of cases) {
      it(`answers ${status} with an OperationOutcome for ${title}`, async () => {
        const answer = await call<OperationOutcome>(method, path, body);
        expect([answer.status, answer.body.resourceType]).to.deep.equal([status, 'OperationOutcome']);
      });
    }

    it('answers with an OperationOutcome outside the API, and for what is no JSON', async () => {
      const broken = await fetch(`${sandbox.address}/Patient`, {
        method: 'POST',
        headers: { 'content-type': 'application/fhir+json' },
        body: '{"resourceType":',
      });
      expect(broken.status).to.equal(400);
      expect(((await broken.json()) as OperationOutcome).resourceType).to.equal('OperationOutcome');
      const elsewhere = await fetch(new URL('/elsewhere', sandbox.address));
      expect(elsewhere.status).to.equal(404);
      expect(((await elsewhere.json()) as OperationOutcome).resourceType).to.equal('OperationOutcome');
    });
  });

  it('shows at / how many records it holds', async () => {
    await call('POST', '', transactionBundle(writesOf(admission('1'))));
    const page = await fetch(new URL('/', sandbox.address));
    expect(page.headers.get('content-type')).to.match(/^text\/plain/);
    expect(await page.text()).to.match(/1 {2}Encounter\n +1 {2}Location\n +1 {2}Patient/);
  });

  it('says that its port is taken', async () => {
    const port = Number(new URL(sandbox.address).port);
    const second = createSandbox({ host: '127.0.0.1', port, log: capturingLog([]) });
    const error = await second.start().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(PipehatError);
    expect((error as PipehatError).code).to.equal('port-in-use');
    await second.stop(0);
  });
});
