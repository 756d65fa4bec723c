import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { channelWith, compile } from './fixture.ts';

const DEFAULTS = {
  ...{ when: 'stored', timeout_ms: 20_000, mode: 'auto', application_to: undefined, only_aa: false },
};

/** What is found in a channel with this `ack`. */
function linesFor(ack: string): string[] {
  return compile(channelWith('steps:', `ack: ${ack}\nsteps:`)).lines;
}

describe("a channel's acknowledgements", () => {
  it('have defaults, all or some', () => {
    expect(compile().configuration?.channels[0]?.ack).to.deep.equal(DEFAULTS);
    const { configuration } = compile(
      channelWith('steps:', 'ack: { when: delivered, application_to: lab }\nsteps:'),
    );
    expect(configuration?.channels[0]?.ack).to.deep.equal({
      ...DEFAULTS,
      when: 'delivered',
      application_to: 'lab',
    });
  });

  it('go to a system that there is, and that takes HL7', () => {
    expect(linesFor('{ application_to: lap }')).to.deep.equal([
      'channels/adt.yaml:5:24 unknown-system there is no system "lap" (did you mean lab?)',
    ]);
    expect(linesFor('{ application_to: ehr }')).to.deep.equal([
      'channels/adt.yaml:5:24 wrong-value "ehr" takes canonical events, and an ACK is HL7',
    ]);
  });

  it('do not contradict themselves', () => {
    expect(linesFor('{ mode: original, application_to: lab }')[0]).to.include('wrong-value original mode');
    expect(linesFor('{ only_aa: true, application_to: lab }')[0]).to.include('wrong-value original mode');
    expect(linesFor('{ only_aa: true, mode: enhanced }')[0]).to.include('wrong-value a sender that reads AA');
    expect(linesFor('{ when: later }')[0]).to.include('channels/adt.yaml:5:14');
    expect(linesFor('{ ackWhen: stored }')[0]).to.include('unknown');
    expect(linesFor('{ timeout_ms: 0 }')[0]).to.include('timeout_ms');
  });

  it('are as the page about them shows', () => {
    const page = readFileSync(new URL('../../docs/acknowledgement.md', import.meta.url), 'utf8');
    const [, shown = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const { configuration, lines } = compile({ 'channels/orders.yaml': shown });
    expect(lines).to.deep.equal([]);
    const channel = configuration?.channels.find(({ name }) => name === 'orders');
    expect(channel?.ack).to.deep.equal({ ...DEFAULTS, when: 'delivered' });
  });
});
