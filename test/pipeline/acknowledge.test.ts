import { expect } from 'chai';
import {
  type Acknowledge,
  applicationStage,
  firstCode,
  type Wanted,
  wanted,
} from '../../src/pipeline/acknowledge.ts';

const ack = (more: Partial<Acknowledge> = {}): Acknowledge => ({
  ...{ when: 'stored', timeout_ms: 1000, mode: 'auto', application_to: undefined, only_aa: false },
  ...more,
});

const asks = (accept_ack: string, application_ack: string) => ({ accept_ack, application_ack });

describe('what a sender wants', () => {
  it('is one answer, unless MSH-15 or MSH-16 is valued', () => {
    expect(wanted(ack(), asks('', ''))).to.equal(undefined);
    expect(wanted(ack(), undefined)).to.equal(undefined);
    expect(wanted(ack(), asks('AL', ''))).to.deep.equal({ accept: 'AL', application: 'NE' });
    expect(wanted(ack(), asks('', 'ER'))).to.deep.equal({ accept: 'NE', application: 'ER' });
    expect(wanted(ack(), asks('""', 'su '))).to.deep.equal({ accept: 'NE', application: 'SU' });
  });

  it('is taken for something when it is no code of table 0155', () => {
    expect(wanted(ack(), asks('Y', 'NE'))).to.deep.equal({ accept: 'AL', application: 'NE' });
  });

  it('is what the channel says, where that leaves no choice', () => {
    expect(wanted(ack({ mode: 'original' }), asks('AL', 'AL'))).to.equal(undefined);
    expect(wanted(ack({ only_aa: true }), asks('AL', 'AL'))).to.equal(undefined);
    expect(wanted(ack({ mode: 'enhanced' }), undefined)).to.deep.equal({ accept: 'AL', application: 'NE' });
    expect(wanted(ack({ mode: 'enhanced' }), asks('', 'AL'))).to.deep.equal({
      accept: 'NE',
      application: 'AL',
    });
  });

  it('is told at once as far as that can be', () => {
    const want = (accept: Wanted['accept'], application: Wanted['application'] = 'NE') => ({
      accept,
      application,
    });
    const first = (...[channel, asked, refused]: Parameters<typeof firstCode>) =>
      firstCode(channel, asked, refused) ?? '-';
    expect(first(ack(), undefined, undefined)).to.equal('AA');
    expect(first(ack({ when: 'processed' }), undefined, undefined)).to.equal('-');
    expect(first(ack({ when: 'delivered' }), undefined, 'AR')).to.equal('AR');
    expect(first(ack({ only_aa: true }), undefined, 'AR')).to.equal('AA');
    expect(first(ack({ when: 'delivered' }), want('AL'), undefined)).to.equal('CA');
    expect(first(ack(), want('ER'), 'AE')).to.equal('CE');
    expect(first(ack(), want('AL'), 'AR')).to.equal('CR');
    expect(first(ack(), want('SU', 'AL'), 'AE')).to.equal('AE');
    expect(first(ack(), want('NE', 'SU'), 'AE')).to.equal('-');
  });

  it('is told in full when the message was processed at the earliest', () => {
    expect(applicationStage(ack())).to.equal('processed');
    expect(applicationStage(ack({ when: 'delivered' }))).to.equal('delivered');
  });
});
