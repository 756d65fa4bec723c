// The samples in many character sets say in their bytes what is written here in plain text.
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { addInspect } from '../../src/commands/inspect.ts';
import { addMap } from '../../src/commands/map.ts';
import { encodeMessage } from '../../src/hl7/encode.ts';
import { parsePath } from '../../src/hl7/path.ts';
import { readReceived } from '../../src/pipeline/read.ts';
import { lines, ROOT, run } from '../commands/pipehat.ts';

const FOLDER = new URL('../../samples/charsets/', import.meta.url);

/** By file: the set that is named or found, PID-5 whole, and the city in PID-11. */
const SAID: Readonly<Record<string, readonly [charset: string, name: string, city: string]>> = {
  'adt-a28-arabic-8859-6': ['8859/6', 'الحسن^ليلى', 'القاهرة'],
  'adt-a28-chinese-big5': ['BIG-5', '許^功蓋', '臺北市'],
  'adt-a28-chinese-gb18030': ['GB 18030-2000', '張^偉𠮷', '北京市'],
  'adt-a28-cyrillic-8859-5': ['8859/5', 'Соколова^Наталья^Ивановна', 'Тверь'],
  'adt-a28-french-8859-15': ['8859/15', 'Lefèvre^Cœurine', 'Angoulême'],
  'adt-a28-german-8859-1': ['8859/1', 'Weiß^Jörg', 'Köln'],
  'adt-a28-greek-8859-7': ['8859/7', 'Παπαδοπούλου^Ελένη', 'Αθήνα'],
  'adt-a28-greek-windows-1253': ['WINDOWS-1253', 'Νικολάου^Ίρις', 'Πάτρα'],
  'adt-a28-hebrew-8859-8': ['8859/8', 'כהן^נועה', 'חיפה'],
  'adt-a28-japanese-halfwidth': ['ISO IR14', 'ﾔﾏﾀﾞ^ﾀﾛｳ', 'ｵｵｻｶ'],
  'adt-a28-japanese-iso-2022': [
    'ASCII~ISO IR87',
    'Sato^Hana^^^^^L^A~佐藤^花^^^^^L^I~サトウ^ハナ^^^^^L^P',
    '大阪市',
  ],
  'adt-a28-japanese-iso-2022-jisx0212': ['ASCII~ISO IR87~ISO IR159', '丸亀^龢子^^^^^L^I', '高松市'],
  'adt-a28-japanese-shift-jis': ['SHIFT-JIS', '十河^ソノ能子^^^^^L^I', '岡山市'],
  'adt-a28-korean-iso-2022': ['ASCII~KS X 1001', 'Lee^Seojun^^^^^L^A~이^서준^^^^^L^I', '부산광역시'],
  'adt-a28-korean-ks-x-1001': ['KS X 1001', '김^민서', '서울특별시'],
  'adt-a28-mixed-utf16': ['UNICODE UTF-16', 'Ōta^𠮷野^Ελ', 'Wrocław'],
  'adt-a28-polish-8859-2': ['8859/2', 'Wójcik^Łucja^Żaneta', 'Łódź'],
  'adt-a28-polish-unstated': ['UNICODE UTF-8', 'Dąbrowski^Grzegorz', 'Gdańsk'],
  'adt-a28-turkish-8859-9': ['8859/9', 'Yılmaz^Gülşen', 'İzmir'],
  'adt-a28-vietnamese-utf8': ['UNICODE UTF-8', 'Nguyễn^Thị^Hồng', 'Hà Nội'],
};

describe('samples of character sets', () => {
  it('are those that this test knows', () => {
    expect(readdirSync(FOLDER)).to.have.members(Object.keys(SAID).map((name) => `${name}.hl7`));
  });

  for (const [file, [charset, name, city]] of Object.entries(SAID)) {
    it(`${file} says what it says, and is written as it was`, () => {
      const bytes = readFileSync(new URL(`${file}.hl7`, FOLDER));
      const { message, ...read } = readReceived({}, bytes);
      expect(read.charset).to.equal(charset);
      expect(message.first('PID')?.field(5)).to.equal(name);
      expect(message.value(parsePath('PID-11.3'))).to.equal(city);
      const sent = encodeMessage(message.text);
      // Two get another set: what names none, and what can't be framed.
      if (/unstated|utf16/.test(file)) expect(sent.text).to.equal(sent.bytes.toString());
      else expect(sent.bytes.equals(bytes)).to.equal(true);
      const unicode = readReceived({}, encodeMessage(message.text, { charset: ['UNICODE UTF-8'] }).bytes);
      expect(unicode.message.first('PID')?.text).to.equal(message.first('PID')?.text);
    });
  }

  it('go through map, which says what it assumed', async () => {
    const { code, out } = await run(addMap, ['map', 'samples/charsets', '--validate'], { cwd: ROOT });
    interface Line {
      readonly file: string;
      readonly bundle?: object;
      readonly assumed?: { readonly charset?: string };
    }
    for (const { file, bundle, assumed } of lines<Line>(out)) {
      const [, name, city] = SAID[/([^/]+)\.hl7$/.exec(file)![1]!]!;
      expect(JSON.stringify(bundle), file)
        .to.include(`"${name.split('^')[0]}"`)
        .and.include(`"${city}"`);
      expect(assumed?.charset, file).to.equal(file.includes('unstated') ? 'UNICODE UTF-8' : undefined);
    }
    expect(lines(out)).to.have.length(Object.keys(SAID).length);
    expect(code).to.equal(0);
  });

  it('go through inspect, which says how it read them', async () => {
    const { out } = await run(addInspect, ['inspect', 'samples/charsets', '--json'], { cwd: ROOT });
    const found = lines<{ file: string; charset: string; charset_by: string }>(out);
    for (const { file, charset, charset_by } of found) {
      expect(charset, file).to.equal(SAID[/([^/]+)\.hl7$/.exec(file)![1]!]![0]);
      expect(charset_by, file).to.equal(file.includes('unstated') ? 'valid UTF-8' : 'MSH-18');
    }
    expect(found).to.have.length(Object.keys(SAID).length);
    const unstated = 'samples/charsets/adt-a28-polish-unstated.hl7';
    expect((await run(addInspect, ['inspect', unstated], { cwd: ROOT })).out).to.match(
      /^.* read as UNICODE UTF-8 \(valid UTF-8\)\n/,
    );
    const told = await run(addInspect, ['inspect', unstated, '--charset', 'latin2'], { cwd: ROOT });
    expect(told.out).to.match(/^.* read as 8859\/2 \(channel\)\n/);
    expect(
      (await run(addInspect, ['inspect', unstated, '--charset', 'klingon'], { cwd: ROOT })).code,
    ).to.equal(2);
  });
});
