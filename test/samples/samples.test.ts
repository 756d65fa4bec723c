// The samples are what they claim to be: HL7 v2 as the dictionary of their version wants it, and listed in their README.
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readable } from '../../src/hl7/charset.ts';
import { fieldDefinition, segmentDefinition } from '../../src/hl7/dictionary.ts';
import { readHeader } from '../../src/hl7/header.ts';
import type { Message } from '../../src/hl7/message.ts';
import { readReceived } from '../../src/pipeline/read.ts';

const FOLDER = new URL('../../samples/', import.meta.url);

/**
 * Required by the dictionary and left out by real senders, and so by these: OBX-4 of 2.3.1 is conditional in the
 * standard itself, and OBR-27 of 2.3 (quantity and timing) says nothing of a result.
 */
const LEFT_OUT = new Set(['2.3.1 OBX-4', '2.3 OBR-27']);

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
const good = files.filter((file) => !file.startsWith('bad/'));

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
    it(`${file} is HL7 v2 with the required fields of its version`, () => {
      for (const bytes of messagesOf(file)) checkMessage(bytes);
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

function checkMessage(bytes: Uint8Array): void {
  const { version } = readHeader(bytes);
  const message = read(bytes);
  expect(message.text).to.match(/\r$/).and.not.include('\n');
  for (const segment of message.segments) {
    expect(segment.text).to.match(/^[A-Z][A-Z0-9]{2}\W/);
    if (segment.name.startsWith('Z')) continue;
    const definition = segmentDefinition(version, segment.name);
    expect(definition, `${segment.name} in ${version}`).to.not.equal(undefined);
    for (let n = 1; n <= 60; n += 1) {
      const path = `${segment.name}-${n}`;
      if (!fieldDefinition(version, segment.name, n)?.required || LEFT_OUT.has(`${version} ${path}`))
        continue;
      expect(segment.field(n), path).to.not.equal('');
    }
  }
}
