/**
 * A small receiver in memory that does all that the kit asks for, and, on demand, one thing wrong, as receivers in the field do.
 * Nothing of Pipehat's code is in it.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What can be wrong with it. */
export interface Faults {
  /** Each read is taken for all there is. */
  readonly readIsMessage?: boolean;
  /** Of one read only the first block is looked at. */
  readonly oneBlockARead?: boolean;
  /** A block without end and the next are one. */
  readonly merges?: boolean;
  /** An end block is one only where FS and CR come in one read. */
  readonly losesSplitEnd?: boolean;
  /** FS ends a block without CR. */
  readonly endsAtFs?: boolean;
  /** VT starts a block wherever it stands. */
  readonly restartsAtVt?: boolean;
  /** What has no end when the connection closes is taken. */
  readonly takesUnfinished?: boolean;
  /** A message is taken once its PID has begun. */
  readonly answersEarly?: boolean;
  readonly closesOnJunk?: boolean;
  /** Bytes outside of blocks are acknowledged. */
  readonly answersJunk?: boolean;
  readonly silentWithoutStart?: boolean;
  readonly diesOfControls?: boolean;
  /** Whatever stands in a block is acknowledged. */
  readonly takesAll?: boolean;
  /** Whatever starts with MSH is acknowledged. */
  readonly takesHeaders?: boolean;
  /** What stands before the first MSH is skipped. */
  readonly skipsEnvelope?: boolean;
  readonly refusesKnown?: 'with AR' | 'silently';
  readonly takesKnown?: boolean;
  readonly ignoresCharset?: boolean;
  readonly standardDelimiters?: boolean;
  readonly refusesAt?: RegExp;
  readonly silentAt?: RegExp;
  readonly silentOnRefusal?: boolean;
  readonly noErr?: boolean;
  readonly originalOnly?: boolean;
  /** When there are commit answers, whatever MSH-15 says. */
  readonly commits?: 'always' | 'AL only';
  readonly applicationFirst?: boolean;
  readonly most_bytes?: number;
  readonly silentOnLarge?: boolean;
  /** Another text of the answer. */
  readonly edit?: (answer: string) => string;
  /** Another way out for its bytes. */
  readonly emit?: (framed: Buffer, socket: Socket) => void;
  /** A second connection is not served. */
  readonly oneConnection?: boolean;
  readonly diesOnReset?: boolean;
  /** So many connections, and it is gone. */
  readonly diesAfter?: number;
  /** Closes at once when the sender has closed its side, or never. */
  readonly halfOpen?: 'destroyed' | 'kept';
  readonly idle_ms?: number;
}

/** A receiver that listens. */
export interface FaultyReceiver {
  readonly port: number;
  stop(): Promise<void>;
}

const VT = 0x0b;
const END = Buffer.from([0x1c, 0x0d]);
const KNOWN_SETS = /^(|ASCII|8859\/\d+|UNICODE UTF-8|ASCII~ISO IR87|KS X 1001|GB 18030-2000)$/;

/** Starts one; port 0 takes a free one. */
export async function startReceiver(faults: Faults, port = 0): Promise<FaultyReceiver> {
  const sockets = new Set<Socket>();
  const known = new Map<string, string>();
  let accepted = 0;
  let count = 0;

  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    await closed;
  };

  const serve = (socket: Socket): void => {
    sockets.add(socket);
    accepted += 1;
    if (faults.diesAfter !== undefined && accepted > faults.diesAfter) stop();
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {
      if (faults.diesOnReset === true) stop();
      socket.destroy();
    });
    if (faults.oneConnection === true && sockets.size > 1) return;
    if (faults.idle_ms !== undefined) socket.setTimeout(faults.idle_ms, () => socket.destroy());
    let rest: Buffer = Buffer.alloc(0);
    let over = false;

    const say = (text: string): void => {
      const framed = Buffer.concat([
        Buffer.from([VT]),
        Buffer.from(faults.edit?.(text) ?? text, 'latin1'),
        END,
      ]);
      if (faults.emit !== undefined) faults.emit(framed, socket);
      else socket.write(framed);
    };
    const take = (bytes: Buffer): void => {
      for (const text of judge(bytes, faults, known, ++count)) say(text);
    };
    /** The frame's text may hold one that never ended. */
    const split = (bytes: Buffer): void => {
      let at = bytes.lastIndexOf(VT);
      while (at > 0 && bytes[at - 1] !== 0x0d && bytes[at - 1] !== 0x1c) at = bytes.lastIndexOf(VT, at - 1);
      if (faults.restartsAtVt === true) at = bytes.lastIndexOf(VT);
      take(faults.merges === true || at <= 0 ? bytes : bytes.subarray(at + 1));
    };
    const junk = (bytes: Buffer): void => {
      if (bytes.length === 0) return;
      if (faults.closesOnJunk === true) socket.destroy();
      if (faults.answersJunk === true) say(ack('AA', ''));
      if (faults.silentWithoutStart !== true && bytes.includes('MSH')) say(ack('AE', ''));
    };
    const cut = (): void => {
      while (rest.length > 0 && !over) {
        const start = rest.indexOf(VT);
        if (start !== 0) {
          // Without a start block, only an end block, or the next start, tells that it is over.
          const stray = start === -1 ? rest.indexOf(END) + 1 : start;
          if (stray <= 0 && faults.closesOnJunk !== true && faults.answersJunk !== true) return;
          junk(rest.subarray(0, stray <= 0 ? rest.length : stray));
          rest = rest.subarray(stray <= 0 ? rest.length : Math.max(stray, 1) + (start === -1 ? 1 : 0));
          continue;
        }
        const mark = faults.endsAtFs === true ? END.subarray(0, 1) : END;
        const end = rest.indexOf(mark);
        if (faults.answersEarly === true && end === -1 && rest.includes('\rPID')) {
          take(rest.subarray(1));
          over = true;
        }
        if ((end === -1 ? rest.length : end) > (faults.most_bytes ?? 1024 * 1024)) {
          over = true;
          if (faults.silentOnLarge !== true) say(ack('AR', '', 'too large'));
          else socket.destroy();
          return;
        }
        if (end === -1) return;
        const text = rest.subarray(1, end);
        rest = rest.subarray(end + mark.length);
        if (faults.oneBlockARead === true) rest = Buffer.alloc(0);
        split(text);
      }
    };
    socket.on('data', (chunk: Buffer) => {
      if (over) return;
      if (faults.diesOfControls === true && chunk.includes(Buffer.from([0x1c, 0x1c]))) stop();
      if (faults.losesSplitEnd === true && rest.at(-1) === 0x1c)
        rest = Buffer.concat([rest, Buffer.from(' ')]);
      rest = faults.readIsMessage === true ? chunk : Buffer.concat([rest, chunk]);
      cut();
    });
    socket.on('end', () => {
      if (faults.takesUnfinished === true && rest[0] === VT) take(rest.subarray(1));
      if (faults.halfOpen === 'destroyed') socket.destroy();
      else if (faults.halfOpen === undefined) socket.end();
    });
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, serve);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, stop };
}

/** The answers to one message, in order. */
function judge(bytes: Buffer, faults: Faults, known: Map<string, string>, count: number): string[] {
  const all = bytes.toString('latin1');
  if (faults.silentAt?.test(all) === true) return [];
  const text = faults.skipsEnvelope === true ? all.slice(Math.max(0, all.indexOf('MSH'))) : all;
  const field = faults.standardDelimiters === true ? '|' : (text[3] ?? '');
  const msh = (text.split(/[\r\n]/, 1)[0] ?? '').split(field);
  const control_id = msh[9] ?? '';
  if (faults.takesAll === true) return [ack('AA', control_id)];
  const isHeader = /^MSH.{5}/.test(text) && msh.length >= 10;
  const reason = isHeader ? refusal(bytes, text, msh, faults) : 'no header';
  if (reason !== '' && faults.silentOnRefusal === true) return [];
  if (!isHeader) return [ack('AR', '', reason)];
  const before = known.get(control_id);
  if (before !== undefined && faults.refusesKnown === 'silently') return [];
  let code = reason === '' ? 'A' : 'R';
  if (before !== undefined && faults.refusesKnown === 'with AR') code = 'R';
  if (before !== undefined && faults.takesKnown === true) code = 'A';
  known.set(control_id, code);
  const [accept = '', application = ''] = [msh[14], msh[15]];
  const build = (mode: string): string =>
    answer(mode + code, msh, field, code === 'A' ? '' : reason || 'known', faults, count);
  if (faults.originalOnly === true || (accept === '' && application === '')) return [build('A')];
  const asked = accept === 'AL' || (accept === 'ER' && code !== 'A') || (accept === 'SU' && code === 'A');
  const commits = faults.commits === undefined ? asked : faults.commits === 'always' || accept === 'AL';
  const answers = [...(commits ? [build('C')] : []), ...(application === 'AL' ? [build('A')] : [])];
  return faults.applicationFirst === true ? answers.reverse() : answers;
}

/** Why it is refused; empty when it isn't. */
function refusal(bytes: Buffer, text: string, msh: readonly string[], faults: Faults): string {
  const charset = msh[17] ?? '';
  const isAscii = bytes.every((byte) => byte < 0x80);
  if (faults.takesHeaders === true) return '';
  if ((msh[9] ?? '') === '') return 'no control id';
  if (!/^2\./.test(msh[11] ?? '')) return 'version';
  if (!(msh[8] ?? '').startsWith('ADT')) return 'type';
  if (faults.refusesAt?.test(text) === true) return 'site rule';
  if (faults.ignoresCharset === true) return '';
  if (!KNOWN_SETS.test(charset)) return 'set';
  if (charset === 'ASCII' && !isAscii) return 'bytes';
  if (charset === 'UNICODE UTF-8' && !Buffer.from(bytes.toString('utf8')).equals(bytes)) return 'bytes';
  return '';
}

function answer(
  code: string,
  msh: readonly string[],
  field: string,
  reason: string,
  { noErr }: Faults,
  count: number,
): string {
  const component = msh[1]?.[0] ?? '^';
  const event = (msh[8] ?? '').split(component)[1] ?? '';
  const [, encoding = '', sender = '', facility = '', receiver = '', theirs = ''] = msh;
  const version = msh[11] || '2.5.1';
  const segments = [
    [
      ...['MSH', encoding, receiver, theirs, sender, facility, '20260302101500', ''],
      ...[event === '' ? 'ACK' : `ACK${component}${event}`, `R${count}`, msh[10] ?? '', version],
      ...['', '', '', '', '', msh[17] ?? ''],
    ],
    ['MSA', code, msh[9] ?? ''],
  ];
  if (reason !== '' && noErr !== true)
    segments.push(
      version < '2.5' ? ['ERR', `MSH^1^9^${reason}`] : ['ERR', '', 'MSH^1', '207', 'E', '', '', '', reason],
    );
  return segments.map((fields) => `${fields.join(field)}\r`).join('');
}

/** An answer to what has no header. */
function ack(code: string, control_id: string, reason = ''): string {
  const err = reason === '' ? '' : `ERR||MSH^1|207|E||||${reason}\r`;
  return `MSH|^~\\&|R|T|||20260302101500||ACK|R0|T|2.5.1\rMSA|${code}|${control_id}\r${err}`;
}
