/** The kit against receivers with one fault each: the cases that look for it fail, and without it all pass. */
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { nameOf, receiverCases } from '../../src/torture/catalogue.ts';
import { type Faults, startReceiver } from './faulty-receiver.ts';
import { resultsOf, settings } from './settings.ts';

/** How long an answer may take: there is nothing between the two but memory. */
const TIMEOUT_MS = 400;

/** Answers with another MSA-2. */
const named = (change: (control_id: string) => string): Faults => ({
  edit: (answer) =>
    answer.replace(/(\rMSA(.)\w*\2)([^\r]*)/, (_, before: string, __, id: string) => before + change(id)),
});
/** Answers with another field of MSH. */
const header = (field: number, value: string): Faults => ({
  edit: (answer) => {
    const fields = answer.split(answer[3]!);
    fields[field - 1] = value;
    return fields.join(answer[3]);
  },
});
/** Every tenth answer is dropped. */
const forgetful = (): Faults => {
  let n = 0;
  return { emit: (framed, socket) => void (++n % 10 === 0 || socket.write(framed)) };
};
/** Refusals wait; what comes later overtakes them. */
const overtaking = (): Faults => {
  let n = 0;
  return { emit: (framed, socket) => void setTimeout(() => socket.write(framed), n++ % 5 === 0 ? 20 : 0) };
};
/** Answers go to whoever spoke last. */
const swapping = (): Faults => {
  let last: Socket | undefined;
  return {
    emit: (framed, socket) => {
      (last ?? socket).write(framed);
      last = socket;
    },
  };
};
const sized = (most_bytes: number): Faults => ({ most_bytes });
let serial = 0;

/** What is wrong, how, and which cases have to find it. */
const broken: readonly (readonly [string, () => Faults, readonly string[]])[] = [
  ['names another message', () => named(() => 'X'), ['framing/one-write', 'acknowledgement/control-id']],
  [
    'takes each read for a message',
    () => ({ readIsMessage: true }),
    [
      'framing/split-everywhere',
      'framing/byte-by-byte',
      'framing/pieces-of-several',
      'framing/block-end-split',
    ],
  ],
  [
    'wants FS and CR in one read',
    () => ({ losesSplitEnd: true }),
    ['framing/split-everywhere', 'framing/byte-by-byte', 'framing/block-end-split'],
  ],
  ['answers before the end', () => ({ answersEarly: true }), ['framing/split-everywhere']],
  [
    'reads one block a read',
    () => ({ oneBlockARead: true }),
    [
      'framing/many-in-one-write',
      'acknowledgement/pipelined',
      'duplicate/under-way',
      'flood/steady',
      'flood/burst',
    ],
  ],
  [
    'ends answers with a line end',
    () => ({ emit: (framed, socket) => void socket.write(Buffer.concat([framed, Buffer.from('\n')])) }),
    ['framing/answer-block'],
  ],
  ['writes lines', () => ({ edit: (answer) => answer.replaceAll('\r', '\n') }), ['framing/answer-segments']],
  [
    'closes on junk',
    () => ({ closesOnJunk: true }),
    [
      'noise/blank-lines',
      'noise/nul-keep-alive',
      'noise/lf-after-end',
      'noise/junk-between',
      'noise/end-blocks-alone',
    ],
  ],
  ['acknowledges junk', () => ({ answersJunk: true }), ['noise/http-request', 'noise/blank-lines']],
  ['ignores what has no start', () => ({ silentWithoutStart: true }), ['noise/no-start-block']],
  ['merges blocks', () => ({ merges: true }), ['noise/no-end-block', 'noise/end-without-cr']],
  ['takes what was never finished', () => ({ takesUnfinished: true }), ['noise/end-at-close']],
  ['ends blocks at FS', () => ({ endsAtFs: true }), ['noise/fs-in-text']],
  ['starts blocks at VT', () => ({ restartsAtVt: true }), ['noise/vt-in-text']],
  ['says nothing to NUL', () => ({ silentAt: /\0/ }), ['noise/nul-in-text']],
  ['dies of control characters', () => ({ diesOfControls: true }), ['noise/control-flood']],
  [
    'acknowledges everything',
    () => ({ takesAll: true }),
    [
      ...[
        'noise/empty-block',
        'noise/blank-block',
        'refusal/not-hl7',
        'refusal/no-header',
        'refusal/header-cut',
      ],
      ...['refusal/header-name-only', 'refusal/random-bytes', 'refusal/segment-name-garbage'],
    ],
  ],
  [
    'acknowledges every header',
    () => ({ takesHeaders: true }),
    ['refusal/version-unknown', 'refusal/type-unknown', 'refusal/type-missing', 'refusal/control-id-missing'],
  ],
  ['reads the first MSH of a batch', () => ({ skipsEnvelope: true }), ['refusal/batch']],
  [
    'refuses in silence',
    () => ({ silentOnRefusal: true }),
    [
      'noise/start-blocks-repeated',
      'charset/byte-order-mark',
      'refusal/next-message',
      'refusal/control-id-missing',
    ],
  ],
  [
    'gives no reasons',
    () => ({ noErr: true }),
    ['refusal/err-2.5', 'refusal/err-2.3', 'refusal/names-the-message'],
  ],
  [
    'has codes of its own',
    () => ({ edit: (answer) => answer.replace(/(\rMSA.)AA/, '$1OK') }),
    ['acknowledgement/code'],
  ],
  [
    'commits in original mode',
    () => ({ edit: (answer) => answer.replace(/(\rMSA.)AA/, '$1CA') }),
    ['acknowledgement/original-mode', 'enhanced/mixed'],
  ],
  ['answers with a type of its own', () => header(9, 'ORU^A01'), ['acknowledgement/message-type']],
  ['answers without the event', () => header(9, 'ACK'), ['acknowledgement/trigger-event']],
  ['answers to itself', () => header(5, 'RECEIVER'), ['acknowledgement/addresses']],
  ['answers in its own version', () => header(12, '2.3'), ['acknowledgement/version']],
  ['answers in production', () => header(11, 'P'), ['acknowledgement/processing-id']],
  ['has one control id', () => header(10, 'ACK'), ['acknowledgement/own-control-id']],
  ['knows no time', () => header(7, ''), ['acknowledgement/time']],
  [
    'answers twice',
    () => ({ emit: (framed, socket) => void socket.write(Buffer.concat([framed, framed])) }),
    ['acknowledgement/once', 'enhanced/always-once', 'framing/split-everywhere', 'flood/steady'],
  ],
  ['lets answers overtake', overtaking, ['acknowledgement/pipelined', 'flood/with-bad-ones']],
  ['answers the wrong connection', swapping, ['acknowledgement/side-by-side']],
  [
    'forgets every tenth answer',
    forgetful,
    [
      ...['acknowledgement/after-slow-reader', 'patience/unread-answers', 'connections/lasting'],
      ...['flood/steady', 'flood/with-bad-ones', 'flood/burst'],
    ],
  ],
  [
    'cuts control ids',
    () => named((id) => id.slice(0, 12)),
    ['acknowledgement/control-id-20', 'acknowledgement/control-id-199'],
  ],
  [
    'reads control ids as numbers',
    () => named((id) => id.replace(/^0+/, '')),
    ['acknowledgement/control-id-unusual'],
  ],
  [
    'unescapes control ids',
    () => named((id) => id.replaceAll('\\T\\', '&')),
    ['acknowledgement/control-id-escaped'],
  ],
  ['writes ASCII', () => named((id) => id.replace(/[\x80-\xff]/g, '?')), ['charset/control-id']],
  ['ignores MSH-15', () => ({ originalOnly: true }), ['enhanced/always']],
  [
    'commits always',
    () => ({ commits: 'always' }),
    [
      ...['enhanced/never', 'enhanced/on-error-and-good', 'enhanced/on-success-and-bad'],
      ...['enhanced/application-only'],
    ],
  ],
  [
    'knows AL only',
    () => ({ commits: 'AL only' }),
    ['enhanced/on-success-and-good', 'enhanced/on-error-and-bad'],
  ],
  ['answers before it commits', () => ({ applicationFirst: true }), ['enhanced/both']],
  [
    'refuses duplicates',
    () => ({ refusesKnown: 'with AR' }),
    ['duplicate/same-code', 'duplicate/other-connection', 'duplicate/lost-answer', 'duplicate/at-once'],
  ],
  ['is silent on duplicates', () => ({ refusesKnown: 'silently' }), ['duplicate/other-content']],
  ['takes what it refused', () => ({ takesKnown: true }), ['duplicate/refused-again']],
  ['answers duplicates anew', () => named((id) => `${id}|${serial++}`), ['duplicate/same-answer']],
  [
    'knows no character set',
    () => ({ refusesAt: /^([^|]*\|){17}[^|\r]/ }),
    [
      ...['latin-1', 'latin-2', 'cyrillic', 'greek', 'hebrew', 'latin-5', 'latin-9'],
      ...['utf-8', 'japanese', 'korean', 'chinese'],
    ].map((id) => `charset/${id}`),
  ],
  [
    'ignores MSH-18',
    () => ({ ignoresCharset: true }),
    ['charset/not-utf-8', 'charset/not-ascii', 'charset/unknown-name'],
  ],
  ['says nothing to bytes over 7F', () => ({ silentAt: /[\x80-\xff]/ }), ['charset/unnamed-utf-8']],
  [
    'quotes without naming the set',
    () => ({ edit: (answer) => `${answer.replaceAll('UNICODE UTF-8', '')}NTE|1||\xe9\r` }),
    ['charset/answer-names-its-set'],
  ],
  [
    'knows | only',
    () => ({ standardDelimiters: true }),
    [
      'delimiters/other-field',
      'delimiters/all-other',
      'delimiters/answered-in-kind',
      'delimiters/bar-in-control-id',
    ],
  ],
  ['refuses truncation', () => ({ refusesAt: /^MSH\|\^~\\&#/ }), ['delimiters/truncation']],
  ['says nothing to odd delimiters', () => ({ silentAt: /^MSH\|\^\^/ }), ['delimiters/repeated']],
  ['refuses trailing delimiters', () => ({ refusesAt: /\|{7}\r/ }), ['delimiters/trailing']],
  ['says nothing to LF', () => ({ silentAt: /\n/ }), ['delimiters/lf', 'delimiters/crlf']],
  ['refuses Z segments', () => ({ refusesAt: /\rZTT/ }), ['delimiters/unknown-segment']],
  ['says nothing to empty lines', () => ({ silentAt: /\r\r/ }), ['delimiters/blank-line']],
  [
    'takes 10 kB',
    () => sized(10_000),
    [
      ...['size/report', 'size/long-report', 'size/long-field', 'size/document'],
      ...['size/many-segments', 'size/many-repetitions', 'size/beside'],
    ],
  ],
  ['drops what is too large', () => ({ silentOnLarge: true }), ['size/oversized']],
  [
    'serves one connection',
    () => ({ oneConnection: true }),
    [
      'patience/slow-sender',
      'patience/block-left-open',
      'connections/many',
      'connections/silent',
      'size/beside',
    ],
  ],
  [
    'closes with its sender',
    () => ({
      halfOpen: 'destroyed',
      emit: (framed, socket) => void setTimeout(() => socket.write(framed), 20),
    }),
    ['patience/half-close'],
  ],
  ['never closes', () => ({ halfOpen: 'kept' }), ['patience/half-close-unfinished']],
  [
    'dies of a reset',
    () => ({ diesOnReset: true }),
    ['patience/reset-in-block', 'patience/reset-before-answer'],
  ],
  [
    'runs out of connections',
    () => ({ diesAfter: 20 }),
    ['connections/churn', 'connections/one-message-each'],
  ],
  ['closes idle connections', () => ({ idle_ms: 100 }), ['connections/idle']],
];

describe('the torture kit', function () {
  this.timeout(60_000);
  const target = (port: number) => ({ host: '127.0.0.1', port });

  it('finds nothing wrong with a receiver that does all right', async () => {
    const receiver = await startReceiver({});
    try {
      const only = [...new Set(receiverCases.map(({ group }) => group))].filter(
        (group) => group !== 'restart',
      );
      const results = await resultsOf(settings({ target: target(receiver.port), timeout_ms: 5000, only }));
      const bad = [...results].filter(([, { outcome }]) => outcome !== 'pass' && outcome !== 'info');
      expect(bad.map(([name, { outcome, saw }]) => `${name}: ${outcome}, ${saw}`)).to.deep.equal([]);
    } finally {
      await receiver.stop();
    }
  });

  for (const [what, faults, only] of broken) {
    it(`sees that a receiver ${what}`, async () => {
      for (const name of only) {
        // A new one each: some are dead after the first.
        const receiver = await startReceiver(faults());
        try {
          const chosen = settings({ target: target(receiver.port), timeout_ms: TIMEOUT_MS, only: [name] });
          const { outcome, saw } = (await resultsOf(chosen)).get(name)!;
          expect(outcome, `${name}: ${saw}`).to.equal('fail');
        } finally {
          await receiver.stop();
        }
      }
    });
  }

  for (const [what, after, outcome] of [
    ['keeps what it acknowledged over a restart', {}, 'pass'],
    ['refuses what it acknowledged before a restart', { refusesAt: /^MSH/ }, 'fail'],
  ] as const) {
    it(`sees that a receiver ${what}`, async () => {
      for (const name of ['restart/acknowledged-stays', 'restart/under-way']) {
        let receiver = await startReceiver({});
        const { port } = receiver;
        const restart = async (): Promise<void> => {
          await receiver.stop();
          receiver = await startReceiver(after, port);
        };
        try {
          const chosen = settings({ target: target(port), timeout_ms: 5000, only: [name], restart });
          const result = (await resultsOf(chosen)).get(name)!;
          expect(result.outcome, `${name}: ${result.saw}`).to.equal(outcome);
        } finally {
          await receiver.stop();
        }
      }
    });
  }

  it('has, for every case of a receiver, one that fails it', () => {
    const failed = new Set([
      ...broken.flatMap(([, , only]) => only),
      'restart/acknowledged-stays',
      'restart/under-way',
    ]);
    const judging = receiverCases.filter(({ level }) => level !== 'info').map(nameOf);
    expect(judging.filter((name) => !failed.has(name))).to.deep.equal([]);
  });
});
