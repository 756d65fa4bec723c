import { expect } from 'chai';
import { verdictInTime, verdictOf } from '../../src/engine/verdict.ts';
import type { Standing } from '../../src/store/acknowledgements.ts';

const standing = (more: Partial<Standing>): Standing => ({
  ...{ id: 1, state: 'processed', error_code: null, error_at: null, error_says: null, open: 0 },
  ...{ refused_by: null, refused_state: null, refused_status: null },
  ...more,
});

/** Code and error of a verdict. */
function said(verdict: ReturnType<typeof verdictOf>): string {
  return verdict === undefined ? 'waits' : [verdict.code, verdict.problem?.code].filter(Boolean).join(' ');
}

const refused = { refused_by: 'lab', refused_state: 'rejected', refused_status: '422' } as const;

describe('the verdict on a message', () => {
  it('is AA when it was processed, or has nowhere to go', () => {
    expect(said(verdictOf(standing({ state: 'filtered' }), 'delivered'))).to.equal('AA');
    expect(said(verdictOf(standing({ open: 2 }), 'processed'))).to.equal('AA');
    expect(said(verdictOf(standing({}), 'delivered'))).to.equal('AA');
  });

  it('waits while something is open', () => {
    expect(said(verdictOf(standing({ state: 'received' }), 'processed'))).to.equal('waits');
    expect(said(verdictOf(standing({ open: 1, ...refused }), 'delivered'))).to.equal('waits');
  });

  it('is what the error or the receiver says', () => {
    const failed = { state: 'failed', error_says: 'says', error_at: 'PID-3' } as const;
    const dated = verdictOf(standing({ ...failed, error_code: 'hl7-bad-date' }), 'processed');
    expect(dated?.problem).to.deep.equal({
      ...{ severity: 'E', code: 'hl7-bad-date', says: 'says', condition: '102', at: 'PID-3' },
    });
    const charset = standing({ ...failed, error_code: 'hl7-charset-unknown' });
    expect(said(verdictOf(charset, 'processed'))).to.equal('AR hl7-charset-unknown');
    // A code of another version.
    const strange = standing({ ...failed, error_code: 'no-such-code' });
    expect(said(verdictOf(strange, 'processed'))).to.equal('AE internal');
    expect(said(verdictOf(standing(refused), 'delivered'))).to.equal('AE delivery-refused');
    const rejected = standing({ ...refused, refused_status: 'CR' });
    expect(said(verdictOf(rejected, 'delivered'))).to.equal('AR delivery-refused');
    const cancelled = standing({ ...refused, refused_state: 'cancelled', refused_status: null });
    expect(said(verdictOf(cancelled, 'delivered'))).to.equal('AE delivery-cancelled');
  });

  it('is never AA because the time is up', () => {
    const late = (more: Partial<Standing>) => said(verdictInTime(standing(more), 'delivered', 100));
    expect(late({ state: 'received' })).to.equal('AE message-not-processed-in-time');
    expect(late({ open: 1 })).to.equal('AE message-not-delivered-in-time');
    expect(late({ open: 1, ...refused })).to.equal('AE delivery-refused');
    expect(late({})).to.equal('AA');
    expect(said(verdictInTime(undefined, 'processed', 100))).to.equal('AE message-not-processed-in-time');
  });
});
