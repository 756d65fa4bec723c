import { expect } from 'chai';
import { errorDefinition } from '../../src/errors.ts';
import type { Header } from '../../src/hl7/header.ts';
import { parseMessagePattern, parseVersions, refusal } from '../../src/pipeline/accept.ts';

const accept = {
  messages: ['ADT^A01', 'ADT^A08', 'ORU^*'].map(parseMessagePattern),
  versions: parseVersions('2.3 - 2.8'),
};

function refused(header: Partial<Header>, from = accept): string | undefined {
  const full = { code: 'ADT', event: 'A01', control_id: '1', version: '2.5.1', ...header } as Header;
  const error = refusal(from, full);
  return error && `${error.code} ${error.at}: ${error.message}`;
}

describe('refusal', () => {
  it('lets through what the channel accepts', () => {
    expect(refused({})).to.equal(undefined);
    expect(refused({ code: 'ORU', event: 'R32' })).to.equal(undefined);
    expect(refused({ code: 'ORU', event: '' })).to.equal(undefined);
  });

  it('tells a type from an event', () => {
    expect(refused({ code: 'MDM', event: 'T02' })).to.equal(
      'message-type-not-accepted MSH-9.1: expected a message of type ADT, ORU in MSH-9.1, found "MDM"',
    );
    expect(refused({ event: 'A40' })).to.equal(
      'trigger-event-not-accepted MSH-9.2: expected trigger event A01, A08 in MSH-9.2, found "A40"',
    );
    expect(refused({ code: '', event: '' })).to.match(/^message-type-not-accepted .*found nothing$/);
  });

  it('takes an end of the versions with its point releases, and nothing beyond', () => {
    for (const version of ['2.3', '2.3.1', '2.5.1', '2.8', '2.8.2'])
      expect(refused({ version })).to.equal(undefined);
    for (const version of ['2.2', '2.9', '9.9', '', 'two', '3']) {
      expect(refused({ version }), version).to.match(
        /^version-not-accepted MSH-12: expected HL7 version 2\.3 to 2\.8/,
      );
    }
    expect(refused({ version: '2.10' }), '10 is more than 8').to.match(/^version-not-accepted/);
    const only = { ...accept, versions: parseVersions('2.5.1') };
    expect(refused({ version: '2.5.1' }, only)).to.equal(undefined);
    expect(refused({ version: '2.5' }, only)).to.match(
      /expected HL7 version 2\.5\.1 in MSH-12, found "2\.5"$/,
    );
  });

  it('wants a control id before anything else', () => {
    expect(refused({ control_id: '', code: 'MDM' })).to.match(/^control-id-missing MSH-10/);
  });

  it('answers AR for what is not supported and AE for what is missing, each with its condition', () => {
    const answer = (header: Partial<Header>) => {
      const full = { code: 'ADT', event: 'A01', control_id: '1', version: '2.5', ...header } as Header;
      const { ack, condition } = errorDefinition(refusal(accept, full)!.code);
      return `${ack} ${condition}`;
    };
    expect(answer({ code: 'MDM' })).to.equal('AR 200');
    expect(answer({ event: 'A99' })).to.equal('AR 201');
    expect(answer({ version: '9' })).to.equal('AR 203');
    expect(answer({ control_id: '' })).to.equal('AE 101');
  });

  it('shows no more of a header than its length allows', () => {
    expect(refused({ code: 'X'.repeat(500) })!.length).to.be.below(130);
  });
});
