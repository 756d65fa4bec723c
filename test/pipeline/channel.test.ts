import { expect } from 'chai';
import { PipehatError } from '../../src/errors.ts';
import { compileExpression } from '../../src/expression/expression.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { parsePath } from '../../src/hl7/path.ts';
import type { Mapping } from '../../src/mapping/mapping.ts';
import { parseMessagePattern, parseVersions } from '../../src/pipeline/accept.ts';
import { type Channel, type ChannelContext, runChannel, type Step } from '../../src/pipeline/channel.ts';
import type { Route } from '../../src/pipeline/route.ts';

const admit = readMessage('MSH|^~\\&|HIS|RGH|||20260101||ADT^A01|1|P|2.5.1\rPID|1||77^^^RGH^MR\rPV1|1|I\r');

const context: ChannelContext = {
  message_id: '11111111-1111-4111-8111-111111111111',
  received_at: '2026-01-01T12:00:00+01:00',
  payload_hash: 'ab'.repeat(32),
  tenant: 'demo',
  time_zone: 'Europe/Berlin',
  config: 'cd'.repeat(32),
  order_key: 'ef',
};

/** Gives what it sees of the message. */
const mapping: Mapping = {
  name: 'seen',
  optional: new Set<string>(),
  accepts: () => true,
  run: (message) => ({
    type: 'encounter.admitted',
    action: 'create',
    occurred_at: '2026-01-01T11:59:00+01:00',
    entries: [
      {
        resource: { resourceType: 'Patient', id: message.value(parsePath('PID-3')) },
        identity: { system: 'urn:x', value: message.value(parsePath('PID-3.4')) },
      },
    ],
    warnings: [{ path: 'PID-8', says: 'not in the code table' }],
  }),
};

const cel = (source: string) => compileExpression(source).expression!;
const filter = (source: string): Step => ({
  kind: 'filter',
  label: `step 1: filter ${source}`,
  condition: cel(source),
});
const transform: Step = { kind: 'transform', label: 'step 2: transform seen', mapping, include: [] };
const route = (to: string, more: Partial<Route> = {}): Route => ({
  to,
  when: undefined,
  takes: 'event',
  write: undefined,
  ...more,
});

function channel(steps: Step[], routes: Route[]): Channel {
  return {
    name: 'adt',
    description: '',
    file: 'channels/adt.yaml',
    source: { definition: {} as never, options: {} },
    accept: { messages: [parseMessagePattern('ADT^*')], versions: parseVersions('2.1 - 2.9') },
    ack: {
      when: 'stored',
      timeout_ms: 1000,
      mode: 'auto',
      application_to: undefined,
      only_aa: false,
    },
    order: 'patient',
    lanes: 8,
    lift_from_bytes: 65_536,
    steps,
    routes,
  };
}

function processed(steps: Step[], routes: Route[], message = admit) {
  const result = runChannel(channel(steps, routes), message, context);
  if (result.state !== 'processed') throw new Error('expected a processed message');
  return result;
}

describe('the zone of times without an offset', () => {
  const message = (time: string) =>
    readMessage(`MSH|^~\\&|HIS|RGH|||${time}||ADT^A01|1|P|2.5.1\rPID|1||77\r`);
  const zone = (time: string, more: Partial<Channel>) => {
    let seen = '';
    const spy: Mapping = {
      ...mapping,
      run: (given, { time_zone }) => {
        seen = time_zone;
        return { ...mapping.run(given, { tenant: 't', time_zone }), time_zone };
      },
    };
    const result = runChannel(
      { ...channel([{ ...transform, mapping: spy } as Step], [route('ehr')]), ...more },
      message(time),
      context,
    );
    expect(result).to.have.nested.property('event.time_zone', seen);
    return seen;
  };

  it("is the site's, or the channel's own", () => {
    expect(zone('20260101+0500', {})).to.equal('Europe/Berlin');
    expect(zone('20260101+0500', { time_zone: 'Asia/Tokyo' })).to.equal('Asia/Tokyo');
  });

  it('is the offset of MSH-7 only where the channel says so, and MSH-7 has one', () => {
    const more = { time_zone: 'Asia/Tokyo', offset_from: 'message' } as const;
    expect(zone('20260101101500+0530', more)).to.equal('+05:30');
    for (const time of ['20260101101500', '', '2026-01-01+0530'])
      expect(zone(time, more)).to.equal('Asia/Tokyo');
    expect(zone('20260101101500+0530', { ...more, offset_from: 'zone' })).to.equal('Asia/Tokyo');
  });
});

describe('runChannel', () => {
  it('drops what a filter does not let through, and says which', () => {
    const result = runChannel(channel([filter('PV1-2 == "O"'), transform], [route('ehr')]), admit, context);
    expect(result).to.deep.equal({ state: 'filtered', by: 'step 1: filter PV1-2 == "O"' });
  });

  it('puts the envelope around what the mapping made', () => {
    const { event, warnings } = processed([filter('PV1-2 == "I"'), transform], [route('ehr')]);
    expect(event).to.deep.include({
      schema: 'pipehat.event/1',
      correlation_id: context.message_id,
      tenant: 'demo',
      source_system: 'HIS@RGH',
      type: 'encounter.admitted',
      action: 'create',
      order_key: 'ef',
      received_at: context.received_at,
      occurred_at: '2026-01-01T11:59:00+01:00',
      payload_hash: context.payload_hash,
      channel: 'adt',
      config: context.config,
    });
    expect(event?.id).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(warnings).to.have.length(1);
  });

  it('gives the same event for the same input, and another id under another configuration or channel', () => {
    const steps = [transform];
    const first = processed(steps, [route('ehr')]);
    expect(processed(steps, [route('ehr')])).to.deep.equal(first);
    const changed = runChannel(channel(steps, [route('ehr')]), admit, { ...context, config: '00' });
    const renamed = runChannel({ ...channel(steps, [route('ehr')]), name: 'other' }, admit, context);
    const ids = [first, changed, renamed].map((result) =>
      result.state === 'processed' ? result.event?.id : '',
    );
    expect(new Set(ids).size).to.equal(3);
  });

  it('has no order_key where nothing orders, and no occurred_at where the mapping knows none', () => {
    const bare: Mapping = {
      name: 'bare',
      optional: new Set<string>(),
      accepts: () => true,
      run: () => ({ type: 'x.y', action: 'update', entries: [], warnings: [] }),
    };
    const step: Step = { kind: 'transform', label: '', mapping: bare, include: [] };
    const result = runChannel(channel([step], [route('ehr')]), admit, { ...context, order_key: undefined });
    const event = result.state === 'processed' ? result.event : undefined;
    expect(event).to.not.have.any.keys('order_key', 'occurred_at');
  });

  it('sets constants and computed values, one after another, before what follows', () => {
    const set: Step = {
      kind: 'set',
      label: 'step 1: set',
      values: [
        { path: parsePath('PID-3.4'), value: 'LA|KE' },
        { path: parsePath('MSH-6'), value: cel('PID-3.4 + "-" + MSH-4') },
      ],
    };
    const { event, deliveries } = processed([set, transform], [route('ehr'), route('lab', { takes: 'hl7' })]);
    expect(event?.entries[0]?.identity.value).to.equal('LA|KE');
    expect(deliveries[1]?.body).to.deep.equal({
      kind: 'hl7',
      text: 'MSH|^~\\&|HIS|RGH||LA\\F\\KE-RGH|20260101||ADT^A01|1|P|2.5.1\rPID|1||77^^^LA\\F\\KE^MR\rPV1|1|I\r',
    });
    expect(event?.source_system, 'of the message as received').to.equal('HIS@RGH');
  });

  it('sends a message on byte for byte when no step changes it', () => {
    const { deliveries, event } = processed([], [route('lab', { takes: 'hl7' })]);
    expect(deliveries).to.deep.equal([{ system: 'lab', body: { kind: 'hl7', text: admit.text } }]);
    expect(event).to.equal(undefined);
  });

  it('looks at every route: what fits fans out', () => {
    const inpatient = cel('PV1-2 == "I"');
    const outpatient = cel('PV1-2 == "O"');
    const { deliveries, event } = processed(
      [transform],
      [
        route('ehr', { write: ['Patient'] }),
        route('ward', { when: inpatient }),
        route('clinic', { when: outpatient }),
        route('archive'),
      ],
    );
    expect(deliveries.map(({ system }) => system)).to.deep.equal(['ehr', 'ward', 'archive']);
    expect(deliveries[0]?.body).to.deep.equal({ kind: 'event', event, write: ['Patient'] });
  });

  it('is processed with no delivery when no route takes it', () => {
    const { deliveries, event } = processed([transform], [route('ehr', { when: cel('PV1-2 == "O"') })]);
    expect(deliveries).to.deep.equal([]);
    expect(event).to.not.equal(undefined);
  });

  it('fails with the expression and its place, and without any value of the message', () => {
    const run = () =>
      runChannel(channel([filter('int(PID-3) > int(PV1-2)')], [route('ehr')]), admit, context);
    expect(run)
      .to.throw(PipehatError, 'the expression int(PID-3) > int(PV1-2) failed')
      .with.property('at', 'PID-3');
    const named = readMessage('MSH|^~\\&|HIS|RGH|||20260101||ADT^A01|1|P|2.5.1\rPID|1||Planted^^^RGH^MR\r');
    try {
      runChannel(channel([filter('int(PID-3) > 1')], [route('ehr')]), named, context);
    } catch (error) {
      expect(`${(error as Error).stack} ${JSON.stringify(error)} ${(error as Error).cause}`).to.not.contain(
        'Planted',
      );
    }
  });
});
