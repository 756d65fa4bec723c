import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runTests } from '../../src/config/tests.ts';
import { channelWith, compile } from './fixture.ts';

const ADMIT = 'MSH|^~\\&|HIS|LAKE|||20260101||ADT^A01|1|P|2.5.1\rPID|1||77^^^X^MR||Doe^Jo\rPV1|1|I\r';

describe('runTests', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pipehat-tests-'));
    await writeFile(join(folder, 'a01.hl7'), ADMIT);
    await writeFile(join(folder, 'a08.hl7'), ADMIT.replace('A01', 'A08'));
    await writeFile(join(folder, 'a40.hl7'), ADMIT.replace('A01', 'A40'));
    await writeFile(join(folder, 'training.hl7'), ADMIT.replace('|P|', '|T|'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  async function run(test: string, update = false) {
    const existing = ['a01.hl7', 'a08.hl7', 'a40.hl7', 'training.hl7'];
    const { configuration, lines } = compile(channelWith('route:', `tests: [${test}]\nroute:`), existing);
    expect(lines).to.deep.equal([]);
    const [result] = await runTests(configuration!, folder, { update });
    return result!;
  }

  it('passes when the outputs are as expected', async () => {
    await writeFile(
      join(folder, 'lab.hl7'),
      ADMIT.replace('||||20', '||LAKE|||20').replace('|LAKE|||2', '|LAKE||LAKE|2').replace('^^^X', '^^^RGH'),
    );
    expect((await run('{ in: a01.hl7, expect: { lab: lab.hl7 } }')).differences).to.deep.equal([]);
    expect((await run('{ in: a08.hl7, expect: { lab: false } }')).differences).to.deep.equal([]);
    expect((await run('{ in: training.hl7, expect: { filtered: true } }')).differences).to.deep.equal([]);
    const refused = '{ in: a40.hl7, expect: { error: trigger-event-not-accepted, at: MSH-9.2 } }';
    expect((await run(refused)).differences).to.deep.equal([]);
  });

  it('can expect what validation refuses, and where', async () => {
    const accept = 'accept: { messages: [ADT^A01, ADT^A08] }';
    const strict = 'accept: { messages: [ADT^A01, ADT^A08], validate: reject }';
    const text = channelWith(accept, strict)['channels/adt.yaml']!;
    const differences = async (at: string) => {
      const tests = `tests: [{ in: a01.hl7, expect: { error: message-invalid, at: ${at} } }]\nroute:`;
      const { configuration } = compile({ 'channels/adt.yaml': text.replace('route:', tests) }, ['a01.hl7']);
      return (await runTests(configuration!, folder, { update: false }))[0]!.differences;
    };
    expect(await differences('EVN')).to.deep.equal([]);
    expect(await differences('PID-3.4')).to.deep.equal([
      'expected the error message-invalid at PID-3.4, found the error message-invalid at EVN ' +
        '(expected a message without errors, found 1 error; the first: ADT_A01 lacks EVN)',
    ]);
  });

  it('names each field of a message that differs', async () => {
    await writeFile(join(folder, 'lab.hl7'), ADMIT);
    expect((await run('{ in: a01.hl7, expect: { lab: lab.hl7 } }')).differences).to.deep.equal([
      'lab: segment 1, MSH-6: expected nothing, found "LAKE"',
      'lab: segment 2, PID-3: expected "77^^^X^MR", found "77^^^RGH^MR"',
    ]);
  });

  it('writes what is expected when asked to, and names each value that differs afterwards', async () => {
    const test = '{ in: a01.hl7, expect: { ehr: ehr.json } }';
    expect((await run(test)).differences).to.deep.equal([
      'ehr: there is no file "ehr.json" (--update writes it)',
    ]);
    expect(await run(test, true)).to.deep.include({ differences: [], updated: ['ehr.json'] });
    expect(await run(test, true), 'nothing to update').to.deep.include({ differences: [], updated: [] });
    const written = JSON.parse(await readFile(join(folder, 'ehr.json'), 'utf8'));
    expect(written).to.deep.include({ type: 'patient.updated', action: 'update' });
    written.resources[0].name[0].family = 'Roe';
    written.resources[0].gender = 'female';
    await writeFile(join(folder, 'ehr.json'), JSON.stringify(written));
    expect((await run(test)).differences).to.deep.equal([
      'ehr: resources[0].name[0].family: expected "Roe", found "Doe"',
      'ehr: resources[0].gender: expected "female", found nothing',
    ]);
  });

  it('says what came instead', async () => {
    const found = async (test: string) => (await run(test)).differences;
    expect(await found('{ in: training.hl7, expect: { lab: false } }')).to.deep.equal([
      'expected outputs for lab, found that step 1: filter MSH-11 == "P" drops it',
    ]);
    expect(await found('{ in: a01.hl7, expect: { filtered: true } }')).to.deep.equal([
      'expected that a filter drops it, found outputs for ehr, lab',
    ]);
    expect(await found('{ in: a40.hl7, expect: { error: version-not-accepted } }')).to.deep.equal([
      'expected the error version-not-accepted, found the error trigger-event-not-accepted at MSH-9.2 ' +
        '(expected trigger event A01, A08 in MSH-9.2, found "A40")',
    ]);
    expect(await found('{ in: a01.hl7, expect: { lab: false } }')).to.deep.equal([
      'lab: expected nothing, found an output',
    ]);
    expect(await found('{ in: a08.hl7, expect: { lab: x.hl7 } }')).to.deep.equal([
      'lab: expected an output, found nothing',
    ]);
  });
});
