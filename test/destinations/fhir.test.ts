import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { Bundle, Encounter, Observation, Patient } from '@medplum/fhirtypes';
import { expect } from 'chai';
import { Check } from 'typebox/value';
import type { Attempt, Body, Destination, DestinationContext } from '../../src/component.ts';
import { fhir } from '../../src/destinations/fhir.ts';
import type { CanonicalEvent } from '../../src/event.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import {
  capturingLog,
  delivery,
  destinationContract,
  PLANTED_NAME,
  type ReceiverMode,
  type Trial,
} from '../contract/destination.ts';
import { admission, entry, eventOf, result } from '../fhir/events.ts';
import { destinationContext } from '../helpers/contexts.ts';
import { SITE, shippedMapping } from '../mapping/shipped.ts';

type Mode = 'transaction' | 'single';
const body = (event: CanonicalEvent, write?: string[]): Body => ({ kind: 'event', event, write });

/** What the shipped mapping makes of a sample. */
function mappedSample(name: string): CanonicalEvent {
  const text = readFileSync(join(SITE, 'samples', `${name}.hl7`), 'utf8');
  const context = { tenant: 'demo', time_zone: 'America/Chicago' };
  return eventOf(shippedMapping().run(readMessage(text), context).entries);
}

/** A receiver in front of a sandbox, that can answer in its place. */
interface Receiver {
  readonly base_url: string;
  readonly sandbox: Sandbox;
  /** Answers each request itself, as long as it is set. `undefined` hands it to the sandbox. */
  answer: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  become(mode: ReceiverMode): Promise<void>;
  connections(): number;
  search<Type>(path: string): Promise<Type[]>;
  close(): Promise<void>;
}

async function createReceiver(): Promise<Receiver> {
  const sandbox = createSandbox({ host: '127.0.0.1', port: 0, log: capturingLog([]) });
  await sandbox.start();
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    const text = Buffer.concat(await request.toArray()).toString();
    if (receiver.answer) return receiver.answer(request, response);
    const { 'content-type': type = '', prefer = '', 'if-none-exist': condition } = request.headers;
    const answer = await fetch(new URL(request.url ?? '/', sandbox.address), {
      method: request.method ?? 'GET',
      headers: {
        ...(type && { 'content-type': type }),
        ...(condition && { 'if-none-exist': String(condition) }),
        prefer: String(prefer),
      },
      ...(text && { body: text }),
    });
    const location = answer.headers.get('location');
    response.writeHead(answer.status, location ? { location } : {}).end(await answer.text());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      if (!server.listening) return resolve();
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const refuse = (_request: IncomingMessage, response: ServerResponse) => {
    const diagnostics = `${PLANTED_NAME} is no family name`;
    const issue = [{ severity: 'error', code: 'value', diagnostics, expression: ['Patient.name'] }];
    response.writeHead(422).end(JSON.stringify({ resourceType: 'OperationOutcome', issue }));
  };

  const receiver: Receiver = {
    base_url: `http://127.0.0.1:${port}/fhir/R4`,
    sandbox,
    answer: undefined,
    async become(mode) {
      receiver.answer = mode === 'refuses' ? refuse : mode === 'silent' ? () => undefined : undefined;
      if (mode === 'down') await close();
      else if (!server.listening) await listen(port);
    },
    connections: () => sockets.size,
    async search<Type>(path: string) {
      const bundle = (await (await fetch(`${sandbox.address}/${path}`)).json()) as Bundle;
      return (bundle.entry ?? []).map(({ resource }) => resource as Type);
    },
    async close() {
      await close();
      await sandbox.stop(1000);
    },
  };
  return receiver;
}

const create = (base_url: string, mode: Mode, context: DestinationContext, timeout_ms = 200) =>
  fhir.create({ base_url, mode, timeout_ms, connections: 8 }, context);

for (const mode of ['transaction', 'single'] as const) {
  destinationContract(`fhir (${mode})`, async (context): Promise<Trial> => {
    const receiver = await createReceiver();
    return {
      destination: create(receiver.base_url, mode, context),
      body: (n) =>
        body(eventOf([entry({ resourceType: 'Patient', name: [{ family: PLANTED_NAME }] }, String(n))])),
      become: receiver.become,
      kept: async () => (await receiver.search('Patient')).length,
      connections: async () => receiver.connections(),
      close: receiver.close,
    };
  });

  describe(`destinations/fhir (${mode})`, () => {
    let receiver: Receiver;
    let destination: Destination;
    let n = 0;

    const deliver = (event: CanonicalEvent, write?: string[]): Promise<Attempt> => {
      n += 1;
      return destination.deliver(delivery(n, body(event, write)));
    };
    /** Lets the receiver answer every request in this way. */
    const answering = (status: number, headers: Record<string, string> = {}, text = '') => {
      receiver.answer = (_request, response) => response.writeHead(status, headers).end(text);
    };

    beforeEach(async () => {
      receiver = await createReceiver();
      destination = create(receiver.base_url, mode, destinationContext(), 5000);
    });
    afterEach(async () => {
      await destination.stop(1000);
      await receiver.close();
    });

    it('leaves one Patient and one Encounter of an event that comes twice', async () => {
      expect((await deliver(admission('1'))).outcome).to.equal('accepted');
      expect((await deliver(admission('1'))).outcome).to.equal('accepted');
      const [patient, ...patients] = await receiver.search<Patient>('Patient');
      const [encounter, ...encounters] = await receiver.search<Encounter>('Encounter');
      expect([patients, encounters]).to.deep.equal([[], []]);
      expect(encounter?.subject?.reference).to.equal(`Patient/${patient?.id}`);
    });

    it('updates the patient with the next event', async () => {
      await deliver(admission('1', 'Before'));
      await deliver(admission('1', 'After'));
      const [patient] = await receiver.search<Patient>('Patient');
      expect([patient?.meta?.versionId, patient?.name?.[0]?.family]).to.deep.equal(['2', 'After']);
    });

    it('leaves alone what an event only mentions, and hangs on it what the event is about', async () => {
      await deliver(admission('1', 'Registered'));
      expect((await deliver(result('1'))).outcome).to.equal('accepted');
      const [patient, ...patients] = await receiver.search<Patient>('Patient');
      const [encounter, ...encounters] = await receiver.search<Encounter>('Encounter');
      expect([patients, encounters]).to.deep.equal([[], []]);
      expect([patient?.meta?.versionId, patient?.name?.[0]?.family]).to.deep.equal(['1', 'Registered']);
      expect([encounter?.meta?.versionId, encounter?.status]).to.deep.equal(['1', 'in-progress']);
      const [observation] = await receiver.search<Observation>('Observation');
      expect(observation?.subject?.reference).to.equal(`Patient/${patient?.id}`);
      expect(observation?.encounter?.reference).to.equal(`Encounter/${encounter?.id}`);
    });

    it('creates what an event mentions where it is missing, and updates it once an event is about it', async () => {
      const made = await deliver(result('1'));
      expect(made.outcome).to.equal('accepted');
      expect(made.request).to.match(/if-?none-?exist/i);
      const ids = async () =>
        (await Promise.all(['Patient', 'Encounter'].map((type) => receiver.search<Patient>(type)))).map(
          (found) => found.map(({ id }) => id),
        );
      const before = await ids();
      expect(before.map((found) => found.length)).to.deep.equal([1, 1]);
      await deliver(admission('1', 'Registered'));
      expect(await ids()).to.deep.equal(before);
      const [patient] = await receiver.search<Patient>('Patient');
      expect([patient?.meta?.versionId, patient?.name?.[0]?.family]).to.deep.equal(['2', 'Registered']);
    });

    for (const [order, version] of [
      [['adt-a01-admit', 'oru-r01-cbc'], '1'],
      [['oru-r01-cbc', 'adt-a01-admit'], '2'],
    ] as const) {
      it(`keeps what registration knows of patient and visit: ${order.join(', then ')}`, async () => {
        for (const sample of order)
          expect((await deliver(mappedSample(sample))).outcome).to.equal('accepted');
        const [patient, ...patients] = await receiver.search<Patient>('Patient');
        const [encounter, ...encounters] = await receiver.search<Encounter>('Encounter');
        expect([patients, encounters]).to.deep.equal([[], []]);
        expect([patient?.meta?.versionId, encounter?.meta?.versionId]).to.deep.equal([version, version]);
        expect(patient?.address?.[0]?.city).to.equal('Reedhaven');
        expect(encounter?.status).to.equal('in-progress');
        for (const { encounter: visit } of await receiver.search<Observation>('Observation')) {
          expect(visit?.reference).to.equal(`Encounter/${encounter?.id}`);
        }
      });
    }

    it('refuses for good where several records match what an event mentions', async () => {
      const twin = JSON.stringify({
        resourceType: 'Patient',
        identifier: [{ system: 'urn:oid:1.2.3', value: '1' }],
      });
      for (const _twin of [1, 2]) {
        const headers = { 'content-type': 'application/fhir+json' };
        await fetch(`${receiver.sandbox.address}/Patient`, { method: 'POST', headers, body: twin });
      }
      const made = await deliver(result('1'));
      expect([made.outcome, made.code]).to.deep.equal(['permanent', 'fhir-no-single-match']);
      expect(await receiver.search('Observation')).to.deep.equal([]);
    });

    it('delivers different patients side by side', async () => {
      const numbers = Array.from({ length: 30 }, (_, i) => String(i));
      const made = await Promise.all(numbers.map((mrn) => deliver(admission(mrn))));
      expect(made.map(({ outcome }) => outcome)).to.deep.equal(numbers.map(() => 'accepted'));
      const counts = ['Patient', 'Encounter', 'Location'].map(
        async (type) => (await receiver.search(type)).length,
      );
      expect(await Promise.all(counts)).to.deep.equal([30, 30, 1]);
    });

    it('writes only what the route says', async () => {
      expect((await deliver(admission('1'), ['Patient', 'Encounter'])).outcome).to.equal('accepted');
      expect(await receiver.search('Location')).to.deep.equal([]);
      const [encounter] = await receiver.search<Encounter>('Encounter');
      expect(encounter?.location?.[0]?.location.identifier?.value).to.equal('W1');
    });

    it('links to the patient that is there, and refuses for good where there is none', async () => {
      const refused = await deliver(admission('1'), ['Encounter']);
      expect([refused.outcome, refused.code]).to.deep.equal(['permanent', 'fhir-no-single-match']);
      expect(await receiver.search('Encounter')).to.deep.equal([]);
      await deliver(admission('1'), ['Patient']);
      expect((await deliver(admission('1'), ['Encounter'])).outcome).to.equal('accepted');
      const [patient] = await receiver.search<Patient>('Patient');
      const [encounter] = await receiver.search<Encounter>('Encounter');
      expect(encounter?.subject?.reference).to.equal(`Patient/${patient?.id}`);
    });

    it('accepts without a request where nothing is to be written', async () => {
      const made = await deliver(admission('1'), ['Observation']);
      expect([made.outcome, made.status, made.request]).to.deep.equal(['accepted', 'nothing to write', '']);
      expect(receiver.connections()).to.equal(0);
    });

    it('waits as long as the server asks', async () => {
      answering(503, { 'retry-after': '7' });
      const made = await deliver(admission('1'));
      expect([made.outcome, made.code, made.status, made.retry_after_ms]).to.deep.equal([
        'transient',
        'fhir-busy',
        '503',
        7000,
      ]);
    });

    for (const [status, outcome, code] of [
      [401, 'transient', 'fhir-unauthorized'],
      [409, 'transient', 'fhir-conflict'],
      [412, 'permanent', 'fhir-no-single-match'],
      [500, 'transient', 'fhir-busy'],
      [404, 'permanent', 'fhir-refused'],
    ] as const) {
      it(`makes ${code} of ${status}`, async () => {
        answering(status);
        const made = await deliver(admission('1'));
        expect([made.outcome, made.code, made.status]).to.deep.equal([outcome, code, String(status)]);
      });
    }

    it('does not believe 200 without the answer that belongs to it', async () => {
      answering(200, {}, '<html>Welcome to the proxy</html>');
      const made = await deliver(admission('1'));
      expect([made.outcome, made.code]).to.deep.equal(['ambiguous', 'fhir-unreadable-answer']);
    });

    it('repeats safely after an answer that got lost', async () => {
      receiver.answer = (request, response) => {
        receiver.answer = undefined;
        response.destroy();
        expect(request.method).to.be.oneOf(['POST', 'PUT']);
      };
      expect((await deliver(admission('1'))).outcome).to.equal('ambiguous');
      expect((await deliver(admission('1'))).outcome).to.equal('accepted');
      expect(await receiver.search('Patient')).to.have.length(1);
    });
  });
}

describe('destinations/fhir', () => {
  let receiver: Receiver;
  const destinations: Destination[] = [];
  const destinationOf = (mode: Mode): Destination => {
    const made = create(receiver.base_url, mode, destinationContext());
    destinations.push(made);
    return made;
  };

  beforeEach(async () => {
    receiver = await createReceiver();
  });
  afterEach(async () => {
    await Promise.all(destinations.splice(0).map((each) => each.stop(1000)));
    await receiver.close();
  });

  it('looks at each entry of a transaction-response that says 200 as a whole', async () => {
    const destination = destinationOf('transaction');
    for (const [status, outcome] of [
      ['201 Created', 'accepted'],
      ['422', 'permanent'],
      ['503', 'transient'],
    ]) {
      receiver.answer = (_request, response) => {
        const entries = [
          { response: { status: '200' } },
          { response: { status: '200' } },
          { response: { status } },
        ];
        response.end(
          JSON.stringify({ resourceType: 'Bundle', type: 'transaction-response', entry: entries }),
        );
      };
      const made = await destination.deliver(delivery(1, body(admission('1'))));
      expect(made.outcome).to.equal(outcome);
    }
  });

  it('takes the id from Location where a server sends no resource back', async () => {
    const destination = destinationOf('single');
    let n = 0;
    receiver.answer = (request, response) => {
      n += 1;
      const [, type] = /R4\/(\w+)\?/.exec(request.url ?? '') ?? [];
      response.writeHead(201, { location: `http://ehr.example/fhir/${type}/id-${n}/_history/1` }).end();
    };
    const made = await destination.deliver(delivery(1, body(admission('1'))));
    expect(made.outcome).to.equal('accepted');
    expect(made.request).to.include('"subject":{"reference":"Patient/id-1"}');
  });

  it('looks a record up where a conditional create met it and the server does not say which', async () => {
    const destination = destinationOf('single');
    const asked: string[] = [];
    receiver.answer = (request, response) => {
      const [, type = ''] = /R4\/(\w+)/.exec(request.url ?? '') ?? [];
      asked.push(`${request.method} ${type}`);
      const found = {
        resourceType: 'Bundle',
        type: 'searchset',
        entry: [{ resource: { resourceType: type, id: 'met' } }],
      };
      if (request.method === 'POST') response.writeHead(200).end();
      else if (request.method === 'GET') response.end(JSON.stringify(found));
      else response.end(JSON.stringify({ resourceType: type, id: 'written' }));
    };
    const made = await destination.deliver(delivery(1, body(result('1'))));
    expect(made.outcome).to.equal('accepted');
    expect(asked).to.deep.equal([
      'POST Patient',
      'GET Patient',
      'POST Encounter',
      'GET Encounter',
      'PUT Observation',
    ]);
    expect(made.request).to.include('"subject":{"reference":"Patient/met"}');
  });

  it('checks its options', () => {
    const good = { base_url: 'https://ehr.example/fhir/R4', mode: 'single', timeout_ms: 1, connections: 1 };
    expect(Check(fhir.options, good)).to.equal(true);
    for (const wrong of [
      { base_url: 'ehr.example' },
      { mode: 'batch' },
      { timeout_ms: 0 },
      { timout_ms: 1 },
    ]) {
      expect(Check(fhir.options, { ...good, ...wrong })).to.equal(false);
    }
  });
});
