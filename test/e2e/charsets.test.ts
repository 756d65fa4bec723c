// Names in every script go in over a socket in one character set and out in another.
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { decode } from '../../src/hl7/charset.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { runProcess } from '../commands/pipehat.ts';
import { type EngineProcess, startEngineProcess } from '../helpers/process.ts';
import { controlIdOf, type MllpReceiver, startMllpReceiver } from '../helpers/receiver.ts';
import { createSite, type TestSite } from '../helpers/site.ts';
import { type Api, createApi } from './api.ts';
import { codeOf, sendOnce } from './sender.ts';

const FOLDER = new URL('../../samples/charsets/', import.meta.url);

/** PID-5 of a message that a receiver got, by the MSH-18 it came with, and that MSH-18. */
function arrived(receiver: MllpReceiver, id: string): { charset: string; name: string } | undefined {
  const found = receiver.messages.find((message) => controlIdOf(message) === id);
  if (found === undefined) return undefined;
  const bytes = Buffer.from(found, 'latin1');
  const { charset } = readHeader(bytes);
  const [, name = ''] = /\rPID(?:\|[^|\r]*){4}\|([^|\r]*)/.exec(decode(bytes, charset).text) ?? [];
  return { charset: charset.join('~'), name };
}

describe('character sets through a running engine', function () {
  this.timeout(60_000);
  let receivers: Readonly<Record<'same' | 'unicode' | 'japan' | 'poor', MllpReceiver>>;
  let site: TestSite;
  let engine: EngineProcess;
  let addresses: Readonly<Record<string, string>>;
  let api: Api;

  before(async () => {
    const [same, unicode, japan, poor] = await Promise.all(
      Array.from({ length: 4 }, () => startMllpReceiver(undefined, 'latin1')),
    );
    receivers = { same: same!, unicode: unicode!, japan: japan!, poor: poor! };
    const channel = (more: object = {}) => ({
      source: { mllp: { port: 0 } },
      accept: { messages: ['ADT^A28'], ...more },
      route: Object.keys(receivers).map((to) => ({ to })),
    });
    const system = ({ port }: MllpReceiver, more: object = {}) => ({
      mllp: { host: '127.0.0.1', port, ...more },
    });
    site = await createSite({
      channels: { stated: channel(), polish: channel({ charset: ['8859/2'] }) },
      systems: {
        same: system(same!),
        unicode: system(unicode!, { charset: ['UNICODE UTF-8'] }),
        japan: system(japan!, { charset: ['ASCII', 'ISO IR87'] }),
        poor: system(poor!, { charset: ['ASCII'], unrepresentable: 'replace' }),
      },
    });
    engine = startEngineProcess(site);
    const places = await engine.ready;
    addresses = Object.fromEntries(places.channels.map(({ channel, address }) => [channel, address]));
    api = createApi(places.http, places.token!);
  });

  after(async () => {
    await engine?.end('SIGKILL');
    await Promise.all(Object.values(receivers ?? {}).map((receiver) => receiver.stop()));
    await site?.remove();
  });

  it('each arrives whole in its own set and in UTF-8', async () => {
    const names: [string, string, string][] = [];
    for (const file of readdirSync(FOLDER)) {
      const bytes = readFileSync(new URL(file, FOLDER));
      const { control_id, charset } = readHeader(bytes);
      const text = decode(bytes, charset).text;
      const answer = await sendOnce(addresses['stated']!, bytes);
      // A sender that writes two bytes a character reads two bytes a character.
      expect(codeOf(file.includes('utf16') ? answer.replaceAll('\0', '') : answer), file).to.equal('AA');
      const stays = charset.length > 0 && !file.includes('utf16');
      names.push([
        control_id,
        /\rPID(?:\|[^|]*){4}\|([^|]*)/.exec(text)![1]!,
        stays ? charset.join('~') : 'UNICODE UTF-8',
      ]);
    }
    await api.idle();
    for (const [id, name, charset] of names) {
      expect(arrived(receivers.same, id), id).to.deep.equal({ charset, name });
      expect(arrived(receivers.unicode, id), id).to.deep.equal({ charset: 'UNICODE UTF-8', name });
    }
    expect(names).to.have.length.above(15);
    // The command understands each answer, in whatever set it comes; a resend changes nothing.
    const { code, out } = await runProcess(['send', 'samples/charsets', '--to', addresses['stated']!], '');
    expect(out).to.include(`: ${names.length} AA\n`);
    expect(code).to.equal(0);
  });

  it('what the receiver lacks is rejected, or replaced and told, and never arrives as something else', async () => {
    const [korean] = await api.messages('?control_id=HIS00134');
    expect(korean?.deliveries).to.deep.equal({ acknowledged: 3, rejected: 1 });
    const trace = await api.trace(korean!.id);
    const attempt = (to: string) =>
      trace.deliveries.find(({ destination }) => destination === to)?.attempts[0];
    expect(attempt('japan')).to.include({ outcome: 'permanent', code: 'hl7-charset-unrepresentable' });
    expect(attempt('japan')?.says).to.equal(
      'the character set ASCII~ISO IR87 lacks characters of the message: 14, the first in PID-5',
    );
    expect(attempt('poor')).to.include({ outcome: 'accepted', status: 'AA' });
    expect(attempt('poor')?.says).to.match(
      /^characters that ASCII lacks were replaced: \d+, the first in PID-5$/,
    );
    expect(arrived(receivers.japan, 'HIS00134')).to.equal(undefined);
    expect(arrived(receivers.poor, 'HIS00134')).to.deep.equal({ charset: 'ASCII', name: '?^??' });
    expect(arrived(receivers.poor, 'HIS00127')?.name).to.equal('Lefevre^C?urine');
    expect(arrived(receivers.japan, 'HIS00130')).to.deep.equal({
      ...{ charset: 'ASCII~ISO IR87', name: '十河^ソノ能子^^^^^L^I' },
    });
  });

  it('a set that nobody named is noted with the message, and the bytes are kept as they came', async () => {
    const [unstated] = await api.messages('?control_id=HIS00121');
    const trace = await api.trace(unstated!.id, '?bodies=true');
    expect(trace.warning).to.equal('charset-assumed');
    expect(trace.body).to.include('Dąbrowski^Grzegorz');
    const bytes = readFileSync(new URL('adt-a28-polish-unstated.hl7', FOLDER));
    expect(trace.size_bytes).to.equal(bytes.length);
    const other = bytes.toString('latin1').replace('Grzegorz', 'Jan');
    expect(codeOf(await sendOnce(addresses['stated']!, Buffer.from(other, 'latin1')))).to.equal('AA');
    const [second] = await api.messages('?control_id=HIS00121');
    expect((await api.trace(second!.id)).warning).to.equal('charset-assumed, control-id-reused');
  });

  it('a channel says what its sender does not', async () => {
    const bytes = readFileSync(new URL('adt-a28-polish-8859-2.hl7', FOLDER)).toString('latin1');
    const silent = Buffer.from(
      bytes.replace('8859/2', '').replace('HIS00120', 'SILENT').replace('|RGH|', '|\xa3|'),
      'latin1',
    );
    expect(codeOf(await sendOnce(addresses['stated']!, silent))).to.equal('AR');
    const answer = await sendOnce(addresses['polish']!, silent);
    expect(codeOf(answer)).to.equal('AA');
    // The sender gets its own bytes back.
    expect(answer).to.include('|HIS|\xa3|');
    await api.idle();
    expect(arrived(receivers.unicode, 'SILENT')?.name).to.equal('Wójcik^Łucja^Żaneta');
    expect(arrived(receivers.same, 'SILENT')).to.deep.equal({
      ...{ charset: 'UNICODE UTF-8', name: 'Wójcik^Łucja^Żaneta' },
    });
    const [message] = await api.messages('?control_id=SILENT&channel=polish');
    expect(message?.sender).to.equal('HIS@Ł');
    const trace = await api.trace(message!.id, '?bodies=true');
    expect(trace.warning).to.equal(undefined);
    expect(trace.body).to.include('Wójcik^Łucja');
    // From the store, and not from memory, it is read by the same rules.
    await api.request('POST', `/v1/messages/${message!.id}/replay`);
    await api.idle();
    expect((await api.messages('?control_id=SILENT&channel=polish'))[0]).to.deep.include({
      ...{ state: 'processed', deliveries: { acknowledged: 6, rejected: 2 } },
    });
    const command = ['trace', message!.id, '--site', site.folder, '--bodies', '--json'];
    const { out } = await runProcess(command, '');
    expect(JSON.parse(out)).to.have.property('body').that.includes('Wójcik^Łucja');
    const [refused] = await api.messages('?control_id=SILENT&channel=stated');
    expect(refused).to.include({ state: 'rejected', error: 'hl7-charset-undecodable' });
  });
});
