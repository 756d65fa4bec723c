import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Attachment } from '../../src/component.ts';
import { PipehatError } from '../../src/errors.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { findLarge, type LargePart, REFERENCE_MARK, referenceTo, skeletonOf } from '../../src/hl7/lift.ts';
import type { Delimiters } from '../../src/hl7/message.ts';
import { gather, putBack, putBackText } from '../../src/hl7/put-back.ts';

const usual: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
  truncation: undefined,
};
const MSH = 'MSH|^~\\&|LAB|GHH|||2026||ORU^R01|1|P|2.5';

function partsOf(bytes: Uint8Array, from_bytes: number, delimiters = usual): LargePart[] {
  const finding = findLarge(bytes, delimiters, from_bytes);
  for (;;) {
    const step = finding.next();
    if (step.done) return step.value;
  }
}

/** What is lifted, as text. */
function lifted(text: string, from_bytes = 10): string[] {
  const bytes = Buffer.from(text, 'latin1');
  return partsOf(bytes, from_bytes).map(({ start, end }) => bytes.toString('latin1', start, end));
}

interface Lifted {
  readonly skeleton: Buffer;
  readonly attachments: readonly Attachment[];
}

/** Lifts with ids that are the hash of the content. */
function liftAll(bytes: Buffer, from_bytes: number, delimiters = usual): Lifted {
  const parts = partsOf(bytes, from_bytes, delimiters);
  const attachments = parts.map(({ start, end, base64 }): Attachment => {
    const content = bytes.subarray(start, end);
    const id = createHash('sha256').update(content).digest().subarray(0, 16);
    return {
      reference: referenceTo(id, content.length),
      size: content.length,
      base64,
      async *read() {
        for (let at = 0; at < content.length; at += 7) yield content.subarray(at, at + 7);
      },
    };
  });
  return {
    skeleton: skeletonOf(
      bytes,
      parts,
      attachments.map(({ reference }) => reference),
    ),
    attachments,
  };
}

/** Messages of any bytes, with long runs, few cuts, marks and references planted in them. */
const messages = fc
  .record({
    marks: fc.constantFrom('|^~\\&', '!@#$%', '|^~&', '\u00a6^~\\&', '|^', '|A~\\&', '|B~\\&', '+/=-.'),
    pieces: fc.array(
      fc.oneof(
        fc.string({ unit: 'binary-ascii', maxLength: 40 }),
        fc.constantFrom(
          '|',
          '^',
          '~',
          '&',
          '\r',
          '\n',
          '\r\n',
          '=',
          '==',
          '\x1b',
          '\0',
          REFERENCE_MARK,
          '\xe4',
        ),
        fc.constantFrom('AAAA', 'QUJD', 'QQ==', 'x'.repeat(30), referenceTo(Buffer.alloc(16), 30)),
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64')),
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      ),
      { maxLength: 30 },
    ),
  })
  .map(({ marks, pieces }) => Buffer.from(`MSH${marks}${marks[0]}LAB\r${pieces.join('')}`, 'latin1'));

describe('lifting large parts out of a message', () => {
  it('takes the largest stretch without a delimiter, over the limit, in fields, repetitions and components', () => {
    expect(lifted(`${MSH}\rOBX|1|ED|||^AP^PDF^Base64^QUJDQUJDQUJD||\rNTE|1||0123456789A`)).to.deep.equal([
      'QUJDQUJDQUJD',
      '0123456789A',
    ]);
    expect(lifted(`${MSH}\nOBX|1|TX|||AAAAAAAAAAAA~BBBBBBBBBBBB&CCCCCCCCCCCC\nZZZ|0123456789`)).to.deep.equal(
      ['AAAAAAAAAAAA', 'BBBBBBBBBBBB', 'CCCCCCCCCCCC'],
    );
  });

  it('leaves MSH, what is not plain ASCII, and a message that ISO 2022 shifts', () => {
    expect(lifted(`${MSH}${'X'.repeat(50)}\rPID|1`)).to.deep.equal([]);
    expect(lifted(`${MSH}\rNTE|1||${'x'.repeat(20)}\xe4|${'y'.repeat(20)}\0|zzzzzzzzzzzz`)).to.deep.equal([
      'zzzzzzzzzzzz',
    ]);
    expect(lifted(`${MSH}\rNTE|1||\x1b$B|||zzzzzzzzzzzz`)).to.deep.equal([]);
  });

  it('tells base64 by its form', () => {
    const base64 = (text: string): boolean[] =>
      partsOf(Buffer.from(`${MSH}\rNTE|1|${text}`), 10).map((part) => part.base64);
    for (const text of ['QUJDQUJDQUJD', 'QUJDQUJDQUI=', 'QUJDQUJDQQ=='])
      expect(base64(text)).to.deep.equal([true]);
    for (const text of [
      'QUJDQUJDQUJDQ',
      'QUJDQUJDQ===',
      'QUI=QUJDQUJD',
      'QUJDQUJDQU=D',
      'QUJD QUJDQUJ',
      'QUJDQUJD\\F\\D',
    ])
      expect(base64(text), text).to.deep.equal([false]);
    const slash = { ...usual, escape: '/' };
    expect(partsOf(Buffer.from(`${MSH}\rNTE|1|QUJD/UJDQUJD`), 10, slash)[0]?.base64).to.equal(false);
  });

  it('gives references that are base64 themselves, of one length', () => {
    for (const size of [1, 65_537, 50 * 1024 * 1024]) {
      const reference = referenceTo(Buffer.alloc(16, 0xab), size);
      expect(reference).to.match(/^[A-Za-z0-9]{60}$/);
      expect(lifted(`${MSH}\rNTE|${reference}`, 59)).to.deep.equal([reference]);
    }
  });

  it('lifts nothing where the word of the references stands outside of base64', () => {
    const large = 'Q'.repeat(40);
    expect(lifted(`${MSH}\rNTE|${large}`)).to.have.lengthOf(1);
    expect(lifted(`${MSH}\rNTE|${large}|${REFERENCE_MARK}`, 20)).to.deep.equal([]);
    expect(lifted(`${MSH}\rNTE|${REFERENCE_MARK}.${'x'.repeat(20)}|${large}`, 20)).to.deep.equal([]);
    expect(lifted(`${MSH}\rNTE|${referenceTo(Buffer.alloc(16), 9)}|${large}`, 20)).to.have.lengthOf(2);
  });

  it('and putting back gives the same bytes, whatever they are', async () => {
    let any = 0;
    await fc.assert(
      fc.asyncProperty(messages, fc.integer({ min: 1, max: 80 }), async (bytes, from_bytes) => {
        const { delimiters } = readHeader(bytes);
        const { skeleton, attachments } = liftAll(bytes, from_bytes, delimiters);
        any += attachments.length;
        for (const { size } of attachments) expect(size).to.be.greaterThan(from_bytes);
        const whole = attachments.length === 0 ? skeleton : await gather(putBack(skeleton, attachments));
        expect(whole.equals(bytes)).to.equal(true);
        if (attachments.length === 0) return;
        const text = await putBackText(skeleton.toString('latin1'), attachments, (content) => content);
        expect(Buffer.from(text, 'latin1').equals(bytes)).to.equal(true);
        // Text first, base64 later, as a channel with steps has it.
        const between = await gather(putBack(skeleton, attachments, ({ base64 }) => base64));
        expect((await gather(putBack(between, attachments))).equals(bytes)).to.equal(true);
      }),
      { numRuns: 2000 },
    );
    expect(any).to.be.greaterThan(100);
  });

  it('finds the same parts as cutting all of it does', () => {
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 80 }), (bytes, from_bytes) => {
        const text = bytes.toString('latin1');
        const { field, component, repetition, escape, subcomponent } = readHeader(bytes).delimiters;
        const cuts = new Set([field, component, repetition, subcomponent, '\r', '\n']);
        const runs: string[] = [];
        let run = '';
        for (const character of text.slice(text.search(/[\r\n]/))) {
          if (cuts.has(character)) runs.push(run);
          run = cuts.has(character) ? '' : run + character;
        }
        const plain = [...runs, run].filter(
          (one) => one.length > from_bytes && /^[\x01-\x1a\x1c-\x7f]*$/.test(one),
        );
        const found = partsOf(bytes, from_bytes, readHeader(bytes).delimiters);
        const isLeftWhole =
          found.length === 0 &&
          (/\x1b/.test(text) ||
            text.includes(REFERENCE_MARK) ||
            /[A-Za-z0-9]/.test([...cuts, escape].join('')));
        if (!isLeftWhole) expect(found.map(({ start, end }) => text.slice(start, end))).to.deep.equal(plain);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('putting large parts back', () => {
  const { skeleton, attachments } = liftAll(Buffer.from(`${MSH}\rNTE|${'Q'.repeat(40)}`), 20);
  const [{ reference } = { reference: '' }] = attachments;
  const refused = (text: string): unknown => {
    try {
      return putBack(Buffer.from(text), attachments);
    } catch (error) {
      return error instanceof PipehatError ? error.code : error;
    }
  };

  it('knows the size beforehand, and puts the same part into each of its places', async () => {
    const whole = putBack(Buffer.from(`${reference}|${reference}`), attachments);
    expect(whole.size).to.equal(81);
    expect((await gather(whole)).toString()).to.equal(`${'Q'.repeat(40)}|${'Q'.repeat(40)}`);
  });

  it('refuses references that its message does not have, and such as were changed', () => {
    expect(refused(referenceTo(Buffer.alloc(16), 40))).to.equal('attachment-unknown');
    expect(refused(skeleton.toString().replace('L00', 'L0'))).to.equal('attachment-unknown');
    expect(refused(skeleton.toString().slice(0, -1))).to.equal('attachment-unknown');
  });

  it('reads nothing that it puts back once more', async () => {
    const other = liftAll(Buffer.from(`${MSH}\rNTE|${reference}`), 20);
    const both = [...attachments, ...other.attachments];
    expect((await gather(putBack(other.skeleton, both))).toString()).to.equal(`${MSH}\rNTE|${reference}`);
    const text = await putBackText(other.skeleton.toString(), both, (content) => content);
    expect(text).to.equal(`${MSH}\rNTE|${reference}`);
  });
});
