import { expect } from 'chai';
import { startPostgres } from '../../src/store/postgres.ts';
import { type EngineProcess, type Places, startEngineProcess } from '../helpers/process.ts';
import { controlIdOf, type MllpAnswer, type MllpReceiver, startMllpReceiver } from '../helpers/receiver.ts';
import { createSite, killPostgres, type TestSite } from '../helpers/site.ts';
import { type Api, createApi } from './api.ts';
import { codeOf, sendOnce, type Talk, talk } from './sender.ts';
import { until } from './until.ts';

/** What a message of these tests says. */
interface Text {
  readonly id: string;
  readonly patient?: string;
  readonly type?: string;
  /** MSH-15 and MSH-16. */
  readonly asks?: readonly [accept: string, application: string];
  /** PV1-2: outpatients are filtered. */
  readonly patientClass?: string;
  /** MSH-4 and PID-3.4: a number of nobody's fails in the mapping. */
  readonly authority?: string;
}

function message(text: Text): string {
  const {
    id,
    patient = 'P1',
    type = 'ADT^A08',
    asks = ['', ''],
    patientClass = 'I',
    authority = 'GHH',
  } = text;
  return [
    `MSH|^~\\&|HIS|${authority}|PIPEHAT|GHH|20260101120000||${type}|${id}|P|2.5.1|||${asks.join('|')}`,
    'EVN|A08|20260101120000',
    `PID|1||${patient}^^^${authority}^MR||Winterfrost^Ottilie||19500101|F`,
    `PV1|1|${patientClass}`,
    '',
  ].join('\r');
}

/** Condition, place and our code of the first ERR (2.5 and later). */
function errorOf(answer: string): string[] {
  const [, place = '', condition = '', code = ''] =
    /\rERR\|\|([^|]*)\|(\d*)[^|]*\|E\|([^^]*)\^\^L/.exec(answer) ?? [];
  return [condition, place, code];
}

/** How long the channels of these tests let an answer wait. */
const TIMEOUT_MS = 1500;

describe('acknowledging', function () {
  this.timeout(120_000);
  let lab: MllpReceiver;
  let ward: MllpReceiver;
  let his: MllpReceiver;
  let site: TestSite;
  let engine: EngineProcess;
  let places: Places;
  let api: Api;
  let token: string | undefined;
  /** What the laboratory answers, by control id; AA otherwise. */
  const labAnswers = new Map<string, MllpAnswer | Promise<MllpAnswer>>();
  /** What the HIS answers to application acknowledgements. */
  let hisAnswer: (text: string) => MllpAnswer = () => 'AA';
  let wardAnswer: () => MllpAnswer | Promise<MllpAnswer> = () => 'AA';
  const talks: Talk[] = [];

  const address = (channel: string): string =>
    places.channels.find((one) => one.channel === channel)!.address;
  const send = (channel: string, text: Text): Promise<string> => sendOnce(address(channel), message(text));
  const connect = async (channel: string): Promise<Talk> => {
    const one = await talk(address(channel));
    talks.push(one);
    return one;
  };
  const atLab = (id: string): number => lab.messages.filter((one) => controlIdOf(one) === id).length;
  const traceOf = async (id: string) => api.trace((await api.messages(`?control_id=${id}`))[0]!.id);
  const auditOf = async (id: string): Promise<string[]> =>
    (await traceOf(id)).audit.map(({ action }) => action);

  async function startEngine(): Promise<void> {
    engine = startEngineProcess(site);
    places = await engine.ready;
    token ??= places.token!;
    api = createApi(places.http, token);
  }

  async function crash(): Promise<void> {
    await engine.end('SIGKILL');
    await startEngine();
  }

  before(async () => {
    lab = await startMllpReceiver((text) => labAnswers.get(controlIdOf(text)) ?? 'AA');
    ward = await startMllpReceiver(() => wardAnswer());
    his = await startMllpReceiver((text) => hisAnswer(text));
    const retry = { first_ms: 20, most_ms: 100 };
    const mllp = ({ port }: MllpReceiver) => ({ host: '127.0.0.1', port });
    const common = {
      source: { mllp: { port: 0, max_bytes: 100_000 } },
      accept: { messages: ['ADT^A08'] },
      steps: [{ filter: 'PV1-2 != "O"' }, { transform: 'v2-to-fhir' }],
      route: [{ to: 'lab' }, { to: 'archive' }],
    };
    const waits = { timeout_ms: TIMEOUT_MS };
    site = await createSite({
      channels: {
        stored: common,
        processed: { ...common, ack: { ...waits, when: 'processed' } },
        delivered: {
          ...common,
          ack: { ...waits, when: 'delivered' },
          route: [...common.route, { to: 'ward' }],
        },
        'enhanced-delivered': { ...common, ack: { ...waits, when: 'delivered' } },
        stopping: { ...common, ack: { timeout_ms: 60_000, when: 'delivered' } },
        routed: { ...common, ack: { ...waits, when: 'delivered', application_to: 'his' } },
        original: { ...common, ack: { mode: 'original' } },
        enhanced: { ...common, ack: { mode: 'enhanced' } },
        'only-aa': { ...common, ack: { ...waits, when: 'delivered', only_aa: true } },
      },
      systems: {
        lab: { mllp: { ...mllp(lab), answer_timeout_ms: 60_000 }, retry, unanswered: 'resend' },
        ward: { mllp: { ...mllp(ward), answer_timeout_ms: 200 }, retry, unanswered: 'hold' },
        his: { mllp: mllp(his), retry },
        archive: { file: { path: 'archive.ndjson', content: 'event' } },
      },
    });
    await startEngine();
  });

  afterEach(() => {
    for (const one of talks.splice(0)) one.close();
    labAnswers.clear();
    hisAnswer = () => 'AA';
    wardAnswer = () => 'AA';
  });

  after(async () => {
    await engine?.end('SIGKILL');
    await Promise.all([lab?.stop(), ward?.stop(), his?.stop()]);
    await site?.remove();
  });

  describe('when a message was processed', () => {
    it('answers AA, to what was processed and to what a filter dropped', async () => {
      expect(codeOf(await send('processed', { id: 'PROC-1' }))).to.equal('AA');
      expect((await traceOf('PROC-1')).state).to.equal('processed');
      expect(codeOf(await send('processed', { id: 'PROC-2', patientClass: 'O' }))).to.equal('AA');
      const trace = await traceOf('PROC-2');
      expect(trace.state).to.equal('filtered');
      expect(trace.ack).to.equal(undefined);
      expect(trace.application_ack).to.include({ code: 'AA', way: 'connection' });
      expect(await auditOf('PROC-2')).to.include('message answered AA');
    });

    it('answers AE to what failed, with place and code, and again until a person steps in', async () => {
      const failing = { id: 'PROC-3', authority: '' };
      const first = await send('processed', failing);
      expect(codeOf(first)).to.equal('AE');
      expect(errorOf(first)).to.deep.equal(['207', 'PID^1^3^1', 'mapping-no-identity']);
      expect(await send('processed', failing)).to.equal(first);
      const trace = await traceOf('PROC-3');
      expect(trace).to.include({ state: 'failed' });
      expect(trace.application_ack).to.include({ code: 'AE', error: 'mapping-no-identity' });
      expect(await api.messages('?control_id=PROC-3')).to.have.length(1);
    });

    it('answers what it refuses at once', async () => {
      const answer = await send('processed', { id: 'PROC-4', type: 'ORU^R01' });
      expect([codeOf(answer), ...errorOf(answer)]).to.deep.equal([
        ...['AR', '200', 'MSH^1^9^1^1', 'message-type-not-accepted'],
      ]);
    });

    it('keeps the order of answers, and takes no notice of other connections', async () => {
      const one = await connect('processed');
      const ids = Array.from({ length: 200 }, (_, n) => `PROC-ORDER-${n}`);
      one.send(...ids.map((id, n) => message({ id, patient: `P${n % 7}` })));
      await until(() => one.answers.length === ids.length);
      const named = one.answers.map((answer) => /MSA\|AA\|([\w-]+)/.exec(answer)?.[1]);
      expect(named).to.deep.equal(ids);
    });

    it('never says AA when the store goes away while an answer waits', async () => {
      const held = Promise.withResolvers<MllpAnswer>();
      labAnswers.set('AWAY', held.promise);
      const one = await connect('delivered');
      one.send(message({ id: 'AWAY', patient: 'P-AWAY' }));
      await until(() => atLab('AWAY') === 1);
      await killPostgres(site.data);
      held.resolve('AA');
      await until(() => one.answers.length === 1);
      expect(codeOf(one.answers[0]!), one.answers[0]).to.equal('AE');
      await startPostgres(site.data);
      await until(async () => codeOf(await send('delivered', { id: 'AWAY', patient: 'P-AWAY' })) === 'AA');
      expect(await api.messages('?control_id=AWAY')).to.have.length(1);
    });
  });

  describe('when a message was delivered', () => {
    it('answers AA when every system has acknowledged it, and not before', async () => {
      const held = Promise.withResolvers<MllpAnswer>();
      labAnswers.set('DEL-1', held.promise);
      const one = await connect('delivered');
      const other = await connect('delivered');
      one.send(message({ id: 'DEL-1', patient: 'P-DEL-1' }));
      await until(() => atLab('DEL-1') === 1);
      other.send(message({ id: 'DEL-2', patient: 'P-DEL-2' }));
      await until(() => other.answers.length === 1);
      expect(codeOf(other.answers[0]!)).to.equal('AA');
      expect(one.answers).to.deep.equal([]);
      held.resolve('AA');
      await until(() => one.answers.length === 1);
      expect(codeOf(one.answers[0]!)).to.equal('AA');
      expect((await traceOf('DEL-1')).deliveries.map(({ state }) => state)).to.deep.equal([
        ...['acknowledged', 'acknowledged', 'acknowledged'],
      ]);
    });

    it('answers as the system did that refused it', async () => {
      for (const code of ['AE', 'AR'] as const) {
        labAnswers.set(`DEL-${code}`, code);
        const answer = await send('delivered', { id: `DEL-${code}`, patient: `P-${code}` });
        expect([codeOf(answer), ...errorOf(answer)]).to.deep.equal([code, '207', '', 'delivery-refused']);
        expect(answer).to.include(`the system lab refused it (${code})`);
      }
    });

    it('answers a resend by what a replay brought', async () => {
      labAnswers.set('DEL-9', 'AR');
      const text = { id: 'DEL-9', patient: 'P-DEL-9' };
      expect(codeOf(await send('delivered', text))).to.equal('AR');
      expect(codeOf(await send('delivered', text))).to.equal('AR');
      labAnswers.set('DEL-9', 'AA');
      const [{ id } = { id: '' }] = await api.messages('?control_id=DEL-9');
      expect((await api.request('POST', `/v1/messages/${id}/replay`)).status).to.equal(202);
      expect(codeOf(await send('delivered', text))).to.equal('AA');
      expect((await traceOf('DEL-9')).application_ack).to.include({ code: 'AA' });
      expect(atLab('DEL-9')).to.equal(2);
    });

    it('answers AA to what goes nowhere, and AE to what fails before it is delivered', async () => {
      expect(codeOf(await send('delivered', { id: 'DEL-3', patientClass: 'O' }))).to.equal('AA');
      const failed = await send('delivered', { id: 'DEL-4', authority: '' });
      expect([codeOf(failed), errorOf(failed)[2]]).to.deep.equal(['AE', 'mapping-no-identity']);
    });

    it('answers AE when the time is up, and a resend by how it went, processed once', async () => {
      const held = Promise.withResolvers<MllpAnswer>();
      labAnswers.set('DEL-5', held.promise);
      const text = { id: 'DEL-5', patient: 'P-DEL-5' };
      for (let n = 0; n < 2; n++) {
        const late = await send('delivered', text);
        expect([codeOf(late), errorOf(late)[2]]).to.deep.equal(['AE', 'message-not-delivered-in-time']);
      }
      expect((await traceOf('DEL-5')).application_ack).to.include({ code: 'AE' });
      const one = await connect('delivered');
      one.send(message(text));
      held.resolve('AA');
      await until(() => one.answers.length === 1);
      expect(codeOf(one.answers[0]!)).to.equal('AA');
      expect(codeOf(await send('delivered', text))).to.equal('AA');
      expect(atLab('DEL-5')).to.equal(1);
      const trace = await traceOf('DEL-5');
      expect(trace.events).to.have.length(1);
      expect(trace.application_ack).to.deep.include({ code: 'AA', way: 'connection' });
      expect(trace.application_ack).not.to.have.property('error');
    });

    it('answers AE, never AA, to what was sent and not answered and waits for a person', async () => {
      wardAnswer = () => new Promise(() => undefined);
      const late = await send('delivered', { id: 'DEL-6', patient: 'P-DEL-6' });
      expect([codeOf(late), errorOf(late)[2]]).to.deep.equal(['AE', 'message-not-delivered-in-time']);
      const { deliveries } = await traceOf('DEL-6');
      expect(deliveries.find(({ destination }) => destination === 'ward')?.state).to.equal('ambiguous');
    });

    it('gives the answer after a crash between, when the message is sent again', async () => {
      const held = Promise.withResolvers<MllpAnswer>();
      labAnswers.set('DEL-7', held.promise);
      const text = { id: 'DEL-7', patient: 'P-DEL-7' };
      const one = await connect('routed');
      one.send(message(text));
      await until(() => atLab('DEL-7') === 1);
      await crash();
      held.resolve('AA');
      expect(one.answers).to.deep.equal([]);
      expect(codeOf(await send('routed', text))).to.equal('AA');
      expect(await api.messages('?control_id=DEL-7')).to.have.length(1);
      expect((await traceOf('DEL-7')).events).to.have.length(1);
    });

    it('ends the waiting when the engine stops, with an answer', async () => {
      const held = Promise.withResolvers<MllpAnswer>();
      labAnswers.set('DEL-8', held.promise);
      const one = await connect('stopping');
      one.send(message({ id: 'DEL-8', patient: 'P-DEL-8' }));
      await until(() => atLab('DEL-8') === 1);
      const { code } = await engine.end('SIGTERM');
      expect(code).to.equal(0);
      expect(one.answers.map(codeOf)).to.deep.equal(['AE']);
      held.resolve('AA');
      await startEngine();
    });
  });

  describe('in enhanced mode', () => {
    const conditions = ['', 'AL', 'NE', 'ER', 'SU'] as const;
    type Asked = (typeof conditions)[number];
    /** By MSH-15 and MSH-16: wanted of a success, wanted of an error. */
    const wanted: Readonly<Record<Asked, readonly [boolean, boolean]>> = {
      '': [false, false],
      AL: [true, true],
      NE: [false, false],
      ER: [false, true],
      SU: [true, false],
    };

    /** What comes of a message that is processed, of one that fails in its channel, and of one that is refused. */
    const outcomes = {
      good: { text: {}, accept: 'CA', application: 'AA' },
      failing: { text: { authority: '' }, accept: 'CA', application: 'AE' },
      refused: { text: { type: 'ADT^A60' }, accept: 'CR', application: 'AR' },
    } as const;

    function expected(asks: readonly [Asked, Asked], outcome: keyof typeof outcomes): string[] {
      const { accept, application } = outcomes[outcome];
      if (asks.join('') === '') return [outcome === 'refused' ? 'AR' : 'AA'];
      const [wantsAccept, wantsApplication] = [
        wanted[asks[0]][outcome === 'refused' ? 1 : 0],
        wanted[asks[1]][outcome === 'good' ? 0 : 1],
      ];
      // What is refused goes no further: one answer tells all.
      if (outcome === 'refused') return wantsAccept ? [accept] : wantsApplication ? [application] : [];
      return [...(wantsAccept ? [accept] : []), ...(wantsApplication ? [application] : [])];
    }

    for (const outcome of Object.keys(outcomes) as (keyof typeof outcomes)[]) {
      it(`gives what MSH-15 and MSH-16 ask for, all 25 pairs: ${outcome}`, async () => {
        const pairs = conditions.flatMap((accept) =>
          conditions.map((application) => [accept, application] as const),
        );
        const got = await Promise.all(
          pairs.map(async (asks) => {
            const name = `${outcome}-${asks.join('-')}`;
            const { text } = outcomes[outcome];
            const one = await connect('stored');
            // The second is of the same patient, and so behind the first: when it is answered, nothing more comes of that.
            const last = { ...text, type: 'ADT^A08', id: `${name}-last`, asks: ['NE', 'AL'] } as const;
            one.send(message({ id: name, asks, ...text }), message(last));
            const isLast = (answer: string): boolean => answer.includes(`|${last.id}`);
            await until(() => one.answers.some(isLast));
            const codes = one.answers.filter((answer) => !isLast(answer)).map(codeOf);
            return [asks.join(), codes];
          }),
        );
        expect(got).to.deep.equal(pairs.map((asks) => [asks.join(), expected(asks, outcome)]));
      });
    }

    it('gives the application ACK as a message of its own, which asks for none', async () => {
      const one = await connect('stored');
      one.send(message({ id: 'ENH-1', asks: ['AL', 'AL'], authority: '' }));
      await until(() => one.answers.length === 2);
      const [accept = '', application = ''] = one.answers;
      expect(accept.split('\r')[1]).to.equal('MSA|CA|ENH-1');
      expect(application.split('\r')[0]!.split('|').slice(14)).to.deep.equal(['NE', 'NE']);
      expect(application.split('\r')[1]).to.match(/^MSA\|AE\|ENH-1\|/);
      expect(errorOf(application)).to.deep.equal(['207', 'PID^1^3^1', 'mapping-no-identity']);
      expect(controlIdOf(application)).not.to.equal(controlIdOf(accept));
      await until(async () => (await traceOf('ENH-1')).application_ack !== undefined);
      const trace = await traceOf('ENH-1');
      expect(trace.ack).to.equal('CA');
      expect(trace.application_ack).to.include({ code: 'AE', way: 'connection' });
    });

    it("takes the sender's acknowledgement of that for what it is, and answers nothing", async () => {
      const one = await connect('stored');
      one.send(message({ id: 'ENH-2', asks: ['NE', 'AL'] }));
      await until(() => one.answers.length === 1);
      await until(async () => (await traceOf('ENH-2')).application_ack !== undefined);
      const known = (await api.messages('?limit=500')).length;
      const ack = (control_id: string) =>
        `MSH|^~\\&|HIS|GHH|PIPEHAT|GHH|20260101||ACK^A08^ACK|X1|P|2.5.1\rMSA|CA|${control_id}\r`;
      one.send(ack(controlIdOf(one.answers[0]!)), message({ id: 'ENH-3' }));
      await until(() => one.answers.length === 2);
      expect(one.answers[1]).to.include('MSA|AA|ENH-3');
      expect((await api.messages('?limit=500')).length).to.equal(known + 1);
      expect(await auditOf('ENH-2')).to.include('message the sender acknowledged the answer: CA');
      // An ACK of nothing that we sent is a message like any other.
      const stranger = await sendOnce(address('stored'), ack('A999999999'));
      expect([codeOf(stranger), errorOf(stranger)[2]]).to.deep.equal(['AR', 'message-type-not-accepted']);
    });

    it('waits for delivery where the channel says so, and holds up no other message for it', async () => {
      const held = Promise.withResolvers<MllpAnswer>();
      labAnswers.set('ENH-4', held.promise);
      const one = await connect('enhanced-delivered');
      one.send(message({ id: 'ENH-4', patient: 'P-ENH-4', asks: ['AL', 'AL'] }));
      await until(() => one.answers.length === 1 && atLab('ENH-4') === 1);
      one.send(message({ id: 'ENH-5', patient: 'P-ENH-5', asks: ['AL', 'AL'] }));
      await until(() => one.answers.length === 3);
      held.resolve('AA');
      await until(() => one.answers.length === 4);
      const named = one.answers.map((answer) => /MSA\|(\w\w\|[\w-]+)/.exec(answer)?.[1]);
      expect(named).to.deep.equal(['CA|ENH-4', 'CA|ENH-5', 'AA|ENH-5', 'AA|ENH-4']);
    });

    it('says AE when the time is up, and AA to the resend', async () => {
      const held = Promise.withResolvers<MllpAnswer>();
      labAnswers.set('ENH-6', held.promise);
      const one = await connect('enhanced-delivered');
      const text = message({ id: 'ENH-6', patient: 'P-ENH-6', asks: ['AL', 'AL'] });
      one.send(text);
      await until(() => one.answers.length === 2);
      held.resolve('AA');
      one.send(text);
      await until(() => one.answers.length === 4);
      expect(one.answers.map(codeOf)).to.deep.equal(['CA', 'AE', 'CA', 'AA']);
      expect(errorOf(one.answers[1]!)[2]).to.equal('message-not-delivered-in-time');
      expect(one.answers[2]).to.equal(one.answers[0]);
      expect(atLab('ENH-6')).to.equal(1);
    });

    it('writes down that the connection was gone, and gives the answer to the resend', async () => {
      const held = Promise.withResolvers<MllpAnswer>();
      labAnswers.set('ENH-7', held.promise);
      const text = message({ id: 'ENH-7', patient: 'P-ENH-7', asks: ['AL', 'AL'] });
      const one = await connect('enhanced-delivered');
      one.send(text);
      await until(() => one.answers.length === 1 && atLab('ENH-7') === 1);
      one.reset();
      held.resolve('AA');
      await until(async () => (await traceOf('ENH-7')).application_ack !== undefined);
      expect((await traceOf('ENH-7')).application_ack).to.include({ code: 'AA', way: 'lost' });
      expect(await auditOf('ENH-7')).to.include('message answer AA lost with its connection');
      const two = await connect('enhanced-delivered');
      two.send(text);
      await until(() => two.answers.length === 2);
      expect(two.answers.map(codeOf)).to.deep.equal(['CA', 'AA']);
      expect(atLab('ENH-7')).to.equal(1);
    });

    it('gives what is owed to a sender that has closed its half of the connection', async () => {
      const one = await connect('stored');
      one.send(message({ id: 'ENH-8', asks: ['AL', 'AL'] }));
      one.end();
      await until(() => one.hasEnded());
      expect(one.answers.map(codeOf)).to.deep.equal(['CA', 'AA']);
    });

    it('does not begin where the channel says original, and always where it says enhanced', async () => {
      expect(codeOf(await send('original', { id: 'ENH-9', asks: ['AL', 'AL'] }))).to.equal('AA');
      expect(codeOf(await send('enhanced', { id: 'ENH-10' }))).to.equal('CA');
      expect(codeOf(await send('enhanced', { id: 'ENH-11', type: 'ADT^A60' }))).to.equal('CR');
    });
  });

  describe('application ACKs that go to a system', () => {
    const told = (id: string): string[] => his.messages.filter((text) => text.includes(`|${id}`));
    const toldCodes = (id: string): string[] => told(id).map(codeOf);

    it('go there as deliveries, when the message was delivered', async () => {
      const held = Promise.withResolvers<MllpAnswer>();
      labAnswers.set('OWE-1', held.promise);
      hisAnswer = (text) => (toldCodes('OWE-1').length === 1 ? 'close' : ackTo(text, 'CA'));
      const one = await connect('routed');
      one.send(message({ id: 'OWE-1', patient: 'P-OWE-1', asks: ['AL', 'AL'] }));
      await until(() => one.answers.length === 1 && atLab('OWE-1') === 1);
      expect((await traceOf('OWE-1')).application_ack).to.deep.equal({ way: 'due' });
      expect(told('OWE-1')).to.deep.equal([]);
      held.resolve('AA');
      await until(async () => (await deliveryToHis('OWE-1'))?.state === 'acknowledged');
      // The first attempt got no answer, so it was sent again.
      expect(toldCodes('OWE-1')).to.deep.equal(['AA', 'AA']);
      expect(told('OWE-1')[0]!.split('\r')[0]!.split('|').slice(14)).to.deep.equal(['AL', 'NE']);
      expect(one.answers.map(codeOf)).to.deep.equal(['CA']);
      const trace = await traceOf('OWE-1');
      const { id } = (await deliveryToHis('OWE-1'))!;
      expect(trace.application_ack).to.include({ code: 'AA', way: 'delivery', delivery: id });
      expect(await auditOf('OWE-1')).to.include.members([
        ...['message answered AA by delivery', `delivery ${id} acknowledged`],
      ]);
      // The acknowledgement is no delivery of the message: a resend is not told of it.
      one.send(
        message({ id: 'OWE-1', patient: 'P-OWE-1', asks: ['AL', 'AL'] }),
        message({ id: 'OWE-7', patient: 'P-OWE-1', asks: ['NE', 'AL'] }),
      );
      await until(() => one.answers.length === 2 && toldCodes('OWE-7').length === 1);
      expect(toldCodes('OWE-1')).to.deep.equal(['AA', 'AA']);
    });

    it('say what failed, and what was refused there', async () => {
      labAnswers.set('OWE-3', 'AR');
      const one = await connect('routed');
      one.send(
        message({ id: 'OWE-2', asks: ['NE', 'ER'], authority: '' }),
        message({ id: 'OWE-3', asks: ['NE', 'ER'] }),
        message({ id: 'OWE-4', asks: ['NE', 'ER'] }),
        message({ id: 'OWE-5', asks: ['NE', 'AL'] }),
      );
      await until(() => toldCodes('OWE-5').length === 1);
      expect(['OWE-2', 'OWE-3', 'OWE-4'].map(toldCodes)).to.deep.equal([['AE'], ['AR'], []]);
      expect(errorOf(told('OWE-2')[0]!)[2]).to.equal('mapping-no-identity');
      expect(errorOf(told('OWE-3')[0]!)[2]).to.equal('delivery-refused');
      expect(await auditOf('OWE-4')).to.include('message no application ACK wanted');
      expect(one.answers).to.deep.equal([]);
    });

    it('survive a crash, and come once', async () => {
      const held = Promise.withResolvers<MllpAnswer>();
      labAnswers.set('OWE-6', held.promise);
      const one = await connect('routed');
      one.send(message({ id: 'OWE-6', patient: 'P-OWE-6', asks: ['AL', 'AL'] }));
      await until(() => one.answers.length === 1 && atLab('OWE-6') === 1);
      await crash();
      held.resolve('AA');
      await until(() => toldCodes('OWE-6').length > 0);
      const two = await connect('routed');
      two.send(message({ id: 'OWE-8', patient: 'P-OWE-6', asks: ['NE', 'AL'] }));
      await until(() => toldCodes('OWE-8').length > 0);
      expect(toldCodes('OWE-6')).to.deep.equal(['AA']);
    });

    async function deliveryToHis(id: string) {
      return (await traceOf(id)).deliveries.find(({ destination }) => destination === 'his');
    }
  });

  describe('senders that read AA only', () => {
    it('get AA for what is kept, whatever became of it', async () => {
      labAnswers.set('ONLY-4', 'AR');
      const texts: Text[] = [
        { id: 'ONLY-1' },
        { id: 'ONLY-2', type: 'ADT^A60' },
        { id: 'ONLY-3', authority: '' },
        { id: 'ONLY-4', patient: 'P-ONLY-4' },
        { id: 'ONLY-5', asks: ['AL', 'AL'] },
      ];
      for (const text of texts) {
        const answer = await send('only-aa', text);
        expect(answer.split('\r').slice(1)).to.deep.equal([`MSA|AA|${text.id}`, '']);
      }
      const [refused] = await api.messages('?control_id=ONLY-2');
      expect(refused).to.include({ state: 'rejected', error: 'trigger-event-not-accepted' });
      expect((await traceOf('ONLY-4')).application_ack).to.include({ code: 'AA', error: 'delivery-refused' });
    });

    it('get no answer and a closed connection for what is not delivered in time', async () => {
      const held = Promise.withResolvers<MllpAnswer>();
      labAnswers.set('ONLY-6', held.promise);
      const text = { id: 'ONLY-6', patient: 'P-ONLY-6' };
      const one = await connect('only-aa');
      one.send(message(text));
      await until(() => one.hasEnded());
      expect(one.answers).to.deep.equal([]);
      held.resolve('AA');
      expect(codeOf(await send('only-aa', text))).to.equal('AA');
      expect(atLab('ONLY-6')).to.equal(1);
    });

    it('get no answer and a closed connection for what is not stored', async () => {
      await killPostgres(site.data);
      const one = await connect('only-aa');
      one.send(message({ id: 'ONLY-7' }));
      await until(() => one.hasEnded());
      expect(one.answers).to.deep.equal([]);
      await startPostgres(site.data);
      await until(async () => (await api.request('GET', '/readyz')).status === 200);
    });
  });

  describe('what is no whole message', () => {
    it('is kept as rejected, with what there is of it, and answered', async () => {
      const long = message({ id: 'HALF-1' }) + 'x'.repeat(200_000);
      const answer = await sendOnce(address('stored'), long);
      expect([codeOf(answer), errorOf(answer)[2]]).to.deep.equal(['AR', 'mllp-frame-too-large']);
      const trace = await traceOf('HALF-1');
      expect(trace).to.include({ state: 'rejected', ack: 'AR', type: 'ADT^A08', sender: 'HIS@GHH' });
      expect(trace.error?.code).to.equal('mllp-frame-too-large');
      expect(trace.size_bytes).to.be.within(4096, 200_000);
    });

    it('is answered in the mode that it asks for', async () => {
      const half = message({ id: 'HALF-2', asks: ['ER', 'NE'] });
      const one = await connect('stored');
      one.send(`${half}\x0b${message({ id: 'HALF-3' })}`);
      await until(() => one.answers.length === 2);
      expect(one.answers.map(codeOf)).to.deep.equal(['CE', 'AA']);
      expect((await traceOf('HALF-2')).state).to.equal('rejected');
    });

    it('is answered while the store is away, too', async () => {
      await killPostgres(site.data);
      const answer = await sendOnce(address('stored'), message({ id: 'HALF-4' }) + 'x'.repeat(200_000));
      expect([codeOf(answer), errorOf(answer)[2]]).to.deep.equal(['AR', 'mllp-frame-too-large']);
      await startPostgres(site.data);
      await until(async () => (await api.request('GET', '/readyz')).status === 200);
    });
  });
});

/** An answer with any MSA-1. */
function ackTo(text: string, code: string): { text: string } {
  const id = controlIdOf(text);
  return { text: `MSH|^~\\&|HIS|GHH|||20260101||ACK|X${id}|P|2.5.1\rMSA|${code}|${id}\r` };
}
