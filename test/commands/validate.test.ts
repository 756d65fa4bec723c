import { Readable } from 'node:stream';
import { expect } from 'chai';
import { addValidate } from '../../src/commands/validate.ts';
import { folderWith, lines, removeFolders, run } from './pipehat.ts';

const RIGHT =
  'MSH|^~\\&|HIS|RGH|||20260301||ADT^A01^ADT_A01|1|P|2.5.1\rEVN||20260301\rPID|1||7^^^RGH^MR||Name^Given\rPV1|1|I\r';
const WRONG = RIGHT.replace('Name^Given', '').replace('|I\r', '|Q\r');

interface Line {
  readonly file: string;
  readonly ok: boolean;
  readonly version?: string;
  readonly findings?: readonly { readonly rule: string; readonly path: string; readonly condition: string }[];
  readonly more?: number;
  readonly error?: { readonly code: string };
}

describe('pipehat validate', () => {
  after(removeFolders);

  it('prints each finding with place, rule and code, and ends with 1 for errors', async () => {
    const cwd = await folderWith({ 'in.hl7': WRONG });
    const { code, out } = await run(addValidate, ['validate', 'in.hl7'], { cwd });
    expect(out).to.equal(
      [
        'in.hl7  version 2.5.1  1 error, 1 warning',
        '  error    PID-5          field-required       expected a value (Patient Name), found nothing (101)',
        '  warning  PV1-2          not-in-table         expected a code of table 0004 in version 2.5.1, found another (103)',
        '',
      ].join('\n'),
    );
    expect(code).to.equal(1);
  });

  it('ends with 0 for warnings and for nothing', async () => {
    const cwd = await folderWith({ 'in/a.hl7': RIGHT, 'in/b.hl7': RIGHT.replace('|I\r', '|Q\r') });
    const { code, out } = await run(addValidate, ['validate', 'in'], { cwd });
    expect(out).to.include('in/a.hl7  version 2.5.1  0 errors, 0 warnings\nin/b.hl7');
    expect(code).to.equal(0);
  });

  it('prints JSON lines, goes on after what is no message, and says how many more there are', async () => {
    const many = `${RIGHT}${'QQQ|1\r'.repeat(101)}`;
    const stdin = Readable.from([Buffer.from(`hello\r\n${RIGHT}${many}`)]);
    const { code, out } = await run(addValidate, ['validate', '-', '--json'], { stdin });
    const found = lines<Line>(out);
    expect(found.map(({ file, ok, error, more }) => [file, ok, error?.code, more])).to.deep.equal([
      ['-#1', false, 'hl7-no-msh', undefined],
      ['-#2', true, undefined, 0],
      ['-#3', false, undefined, 1],
    ]);
    expect(found[2]?.findings?.[0]).to.include({ rule: 'segment-unknown', path: 'QQQ', condition: '100' });
    expect(code).to.equal(1);
  });

  it('reads a message as another version where asked to', async () => {
    const cwd = await folderWith({ 'in.hl7': RIGHT.replace('^^^RGH^MR', '^^^RGH') });
    const asIs = await run(addValidate, ['validate', 'in.hl7'], { cwd });
    expect(asIs.code).to.equal(0);
    const as27 = await run(addValidate, ['validate', 'in.hl7', '--version', '2.7'], { cwd });
    expect(as27.out).to.include('version 2.7').and.include('PID-3.5');
    expect(as27.code).to.equal(1);
  });

  it('judges by a profile of the site', async () => {
    const cwd = await folderWith({
      'pipehat.yaml': 'site: x\ntime_zone: UTC\n',
      'profiles/his.yaml': 'profile: his\ndescription: HIS.\nfields: { PID-3.4: { codes: [LAKE] } }\n',
      'in.hl7': RIGHT,
    });
    const judged = await run(addValidate, ['validate', 'in.hl7', '--profile', 'his'], { cwd });
    expect(judged.out).to.include('PID-3.4').and.include('profile-code');
    expect(judged.code).to.equal(1);
    const unknown = await run(addValidate, ['validate', 'in.hl7', '--profile', 'hiss'], { cwd });
    expect(unknown.err).to.include('there is no profile "hiss" in . (did you mean his?) [profile-unknown]');
    expect(unknown.code).to.equal(3);
    const other = await folderWith({ 'in.hl7': RIGHT });
    const far = await run(addValidate, ['validate', 'in.hl7', '--profile', 'his', '--site', cwd], {
      cwd: other,
    });
    expect(far.out).to.include('profile-code');
  });

  it('uses no profile that has problems', async () => {
    const cwd = await folderWith({
      'pipehat.yaml': 'site: x\ntime_zone: UTC\n',
      'profiles/his.yaml': 'profile: his\ndescription: HIS.\noff: [nonsense]\n',
      'in.hl7': RIGHT,
    });
    const { code, err } = await run(addValidate, ['validate', 'in.hl7', '--profile', 'his'], { cwd });
    expect(err).to.include('profiles/his.yaml:3:7 unknown-rule').and.include('[configuration-wrong]');
    expect(code).to.equal(3);
  });

  it('finds in samples/invalid what their README says', async () => {
    const { code, out } = await run(addValidate, [
      'validate',
      'samples/invalid',
      '--profile',
      'reedhaven',
      '--json',
    ]);
    const rules = lines<Line>(out).map(({ file, findings }) => [
      file.replace(/.*\//, ''),
      [...new Set(findings?.map(({ rule }) => rule))].sort().join(' '),
    ]);
    expect(Object.fromEntries(rules)).to.deep.equal({
      'adt-a01-missing.hl7': 'field-required segment-missing',
      'adt-a01-profile.hl7': 'profile-code profile-pattern profile-required',
      'adt-a08-values.hl7': 'field-repeats not-in-table wrong-type',
      'oru-r01-results.hl7': 'field-required not-in-table segment-unknown wrong-type',
    });
    expect(code).to.equal(1);
  });
});
