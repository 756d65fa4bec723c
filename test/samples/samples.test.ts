// The samples are what they claim to be: HL7 v2 as the dictionary of their version wants it, and listed in their README.
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readHeader } from '../../src/hl7/header.ts';
import type { Message } from '../../src/hl7/message.ts';
import { readable } from '../../src/hl7/readable.ts';
import { validate } from '../../src/hl7/validate.ts';
import { readReceived } from '../../src/pipeline/read.ts';

const FOLDER = new URL('../../samples/', import.meta.url);

/** Errors that a sample has on purpose, as its line in the README says. */
const ON_PURPOSE: Readonly<Record<string, readonly string[]>> = {
  'adt-a08-no-visit.hl7': ['segment-missing PV1'],
  'charsets/adt-a28-greek-windows-1253.hl7': ['not-in-table MSH-18'],
  'charsets/adt-a28-japanese-shift-jis.hl7': ['not-in-table MSH-18'],
};

interface Row {
  readonly file: string;
  readonly trigger: string;
  readonly version: string;
  readonly sender: string;
}

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.hl7'))
  .sort();
const good = files.filter((file) => !file.startsWith('bad/') && !file.startsWith('invalid/'));

describe('samples', () => {
  it('are at least 36, each listed once in the README, which lists nothing else', () => {
    expect(good.filter((file) => !file.includes('/')).length).to.be.at.least(36);
    expect(
      readmeRows()
        .map((row) => row.file)
        .sort(),
    ).to.deep.equal(files);
  });

  for (const row of readmeRows().filter(({ version }) => version !== '–')) {
    it(`${row.file} has the trigger, version and sender that the README says`, () => {
      const [first] = messagesOf(row.file);
      const header = readHeader(first!);
      expect(`${header.code}^${header.event}`).to.equal(row.trigger);
      expect(header.version).to.equal(row.version);
      expect(header.sending_application).to.equal(row.sender);
    });
  }

  for (const file of good) {
    it(`${file} is HL7 v2 as its version has it`, () => {
      for (const bytes of messagesOf(file)) checkMessage(file, bytes);
    });
  }

  it('have control ids that no two share', () => {
    const ids = good.flatMap((file) => messagesOf(file).map((bytes) => readHeader(bytes).control_id));
    expect(ids).to.not.include('');
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('report the blood count three times under one filler order number', () => {
    const reports = ['oru-r01-cbc-preliminary.hl7', 'oru-r01-cbc.hl7', 'oru-r01-cbc-corrected.hl7'].map(
      (file) => read(messagesOf(file)[0]!).first('OBR')!,
    );
    expect(reports.map((obr) => obr.field(25))).to.deep.equal(['P', 'F', 'C']);
    expect(new Set(reports.map((obr) => obr.field(3))).size).to.equal(1);
  });

  it('hold no telephone number or e-mail address that could be real', () => {
    for (const file of files) {
      const text = readable(readFileSync(new URL(file, FOLDER)));
      for (const [, local] of text.matchAll(/\^\d?\^?555\^(\d{7})/g)) expect(local).to.match(/^55501\d\d$/);
      for (const [, host] of text.matchAll(/\w@([\w.]+)/g)) expect(host).to.equal('example.org');
    }
  });
});

function readmeRows(): Row[] {
  const readme = readFileSync(new URL('README.md', FOLDER), 'utf8');
  return [...readme.matchAll(/^\| (\S+\.hl7) \| (\S+) \| (\S+) \| (\S+) \|/gm)].map(
    ([, file, trigger, version, sender]) => ({
      file: file!,
      trigger: trigger!,
      version: version!,
      sender: sender!,
    }),
  );
}

/** The messages of a file, without the envelopes of a batch. */
function messagesOf(file: string): Uint8Array[] {
  const text = readFileSync(new URL(file, FOLDER), 'latin1').replace(/^[FB](HS|TS).*\r/gm, '');
  return text.split(/(?<=\r)(?=MSH)/).map((message) => Buffer.from(message, 'latin1'));
}

function read(bytes: Uint8Array): Message {
  return readReceived({}, bytes).message;
}

function checkMessage(file: string, bytes: Uint8Array): void {
  const message = read(bytes);
  expect(message.text).to.match(/\r$/).and.not.include('\n');
  for (const { text } of message.segments) expect(text).to.match(/^[A-Z][A-Z0-9]{2}\W/);
  const errors = validate(message, readHeader(bytes).version).found.filter(
    ({ severity }) => severity === 'error',
  );
  expect(errors.map(({ rule, path }) => `${rule} ${path}`)).to.deep.equal(ON_PURPOSE[file] ?? []);
}
