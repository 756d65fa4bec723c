import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Every page, relative to the root. */
const pages = ['', 'docs', 'samples'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file)),
);

describe('what the pages point to', () => {
  it('finds the pages', () => {
    expect(pages).to.include.members(['README.md', 'docs/architecture.md']);
  });

  for (const page of pages) {
    it(`from ${page}: every link leads somewhere`, () => {
      const links = [...prose(page).matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)].map((match) => match[1]!);
      expect(links.filter((link) => !leads(page, link))).to.deep.equal([]);
    });

    it(`from ${page}: every file that it names is there`, () => {
      const named = [...prose(page).matchAll(/`([\w-]+\/[\w./-]+\.(?:ts|sql|hl7|yaml|csv|md))`/g)];
      const missing = named
        .map((match) => match[1]!)
        .filter((file) => !file.includes('NAME'))
        .filter((file) => ![file, join('src', file), join(dirname(page), file)].some(isThere));
      expect(missing).to.deep.equal([]);
    });
  }

  it('tells a link that leads nowhere', () => {
    expect(leads('README.md', 'docs/errors.md#no-such-heading')).to.equal(false);
    expect(leads('README.md', 'docs/none.md')).to.equal(false);
    expect(leads('docs/events.md', 'errors.md#mapping-no-identity')).to.equal(true);
  });
});

function leads(page: string, link: string): boolean {
  const [file = '', heading] = link.split('#');
  const target = file === '' ? page : join(dirname(page), file);
  return isThere(target) && (heading === undefined || headings(target).includes(heading));
}

function isThere(file: string): boolean {
  return existsSync(join(ROOT, file));
}

/** The text of a page without its blocks of code. */
function prose(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '');
}

/** Headings as the end of a link names them. */
function headings(page: string): string[] {
  return [...prose(page).matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}
