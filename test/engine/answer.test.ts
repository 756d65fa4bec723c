import { expect } from 'chai';
import { firstAnswer } from '../../src/engine/answer.ts';
import type { AckProblem } from '../../src/hl7/ack-error.ts';
import { decode } from '../../src/hl7/charset.ts';
import { readHeader } from '../../src/hl7/header.ts';

const problem: AckProblem = { severity: 'E', code: 'x', says: 'Größe …', condition: '102', at: 'PID-3' };

/** The answer to a message whose MSH-18 names that set, and whose MSH-3 is `Zoë` in it. */
function answerIn(charset: string, sender: Buffer): { says: string | undefined; sender: string | undefined } {
  const msh = Buffer.concat([
    Buffer.from('MSH|^~\\&|'),
    sender,
    Buffer.from(`|B|C|D|2026||ADT^A01|M1|P|2.7||||||${charset}`),
  ]);
  const stored = { id: 7, received_at: new Date(0) };
  const bytes = firstAnswer(readHeader(msh), stored, 'AE', [problem]);
  const { text } = decode(bytes, charset === '' ? [] : [charset]);
  const [head = '', , err = ''] = text.split('\r');
  return { says: err.split('|')[8], sender: head.split('|')[4] };
}

describe('the bytes of an answer', () => {
  it('are in the character set of the sender, what it said and what we say', () => {
    const utf8 = Buffer.from('Zoë');
    const all = { says: 'Größe …', sender: 'Zoë' };
    expect(answerIn('UNICODE UTF-8', utf8)).to.deep.equal(all);
    expect(answerIn('', utf8)).to.deep.equal(all);
    // Windows-1252, by which 8859/1 is read, has both.
    expect(answerIn('8859/1', Buffer.from('Zoë', 'latin1'))).to.deep.equal(all);
  });

  it('are ASCII where that set lacks a character', () => {
    expect(answerIn('ASCII', Buffer.from('Zoe'))).to.deep.equal({ says: 'Gr??e ?', sender: 'Zoe' });
  });
});
