/**
 * Mapping files to mappings: `mappings/NAME/**` is the mapping NAME, `mappings/codes/**` are code tables for all of them.
 * Everything is checked against the FHIR definitions and the HL7 dictionary here, once; all problems come at once.
 */
import { PipehatError } from '../errors.ts';
import type { Definitions } from '../fhir/definitions.ts';
import { part } from '../hl7/parts.ts';
import { didYouMean, type Problem, sortProblems } from '../problem.ts';
import { checkShape, readYaml, type YamlFile } from '../yaml.ts';
import { codeTable, csvTable } from './codes.ts';
import { type Compiler, type Declared, type DeclaredTable, unnamed } from './compiler.ts';
import type { Mapping } from './mapping.ts';
import { compileMessage, type MessageMap } from './messages.ts';
import { compileObject } from './rules.ts';
import { Run } from './run.ts';
import {
  type CodeFile,
  type MessageFile,
  mappingSchemas,
  type SegmentFile,
  type TypeFile,
} from './schema.ts';
import { compileTypeMap } from './types.ts';

/** A mapping file: its path within the site's folder, and its text. */
export interface MappingFile {
  readonly file: string;
  readonly text: string;
}

/** Compiles the mappings of a site. A mapping with problems is there too, but must not run: nothing of it is sure. */
export function compileMappings(
  files: readonly MappingFile[],
  definitions: Definitions,
): { mappings: ReadonlyMap<string, Mapping>; problems: Problem[] } {
  const problems: Problem[] = [];
  const sets = new Map<string, MappingFile[]>();
  for (const one of files.toSorted((a, b) => (a.file < b.file ? -1 : 1))) {
    const [, name] = /(?:^|\/)mappings\/([^/]+)\//.exec(`/${one.file}`) ?? [];
    if (name === undefined) {
      const says = 'a mapping file lies in a folder that names its mapping: mappings/v2-to-fhir/…';
      problems.push({ file: one.file, line: 1, column: 1, rule: 'misplaced', says });
    } else sets.set(name, [...(sets.get(name) ?? []), one]);
  }
  const shared = new Files(problems);
  for (const file of sets.get('codes') ?? []) shared.add(file);
  const mappings = new Map<string, Mapping>();
  for (const [name, own] of sets) {
    if (name === 'codes') continue;
    const declared = new Files(problems, shared.tables);
    for (const file of own) declared.add(file);
    mappings.set(name, compileMapping(name, declared, definitions));
  }
  return { mappings, problems: sortProblems(problems) };
}

/** The files of one mapping by what they declare. */
class Files {
  readonly problems: Problem[];
  readonly tables: Map<string, DeclaredTable>;
  readonly types = new Map<string, Map<string, Declared<TypeFile>>>();
  readonly segments = new Map<string, Declared<SegmentFile>>();
  readonly messages: Declared<MessageFile>[] = [];

  constructor(problems: Problem[], tables: ReadonlyMap<string, DeclaredTable> = new Map()) {
    this.problems = problems;
    this.tables = new Map(tables);
  }

  add({ file, text }: MappingFile): void {
    if (file.endsWith('.csv')) {
      const { table, problems } = csvTable(file, text);
      this.problems.push(...problems);
      this.tables.set(table.name, { file, table });
      return;
    }
    const yaml = readYaml(file, text);
    this.problems.push(...yaml.problems);
    if (yaml.problems.length > 0) return;
    const kind = kindOf(yaml);
    if (kind === undefined) {
      const kinds = Object.keys(mappingSchemas);
      const [key = ''] = typeof yaml.value === 'object' && yaml.value !== null ? Object.keys(yaml.value) : [];
      const says = `expected a mapping file to begin with one of ${kinds.join(', ')}${didYouMean(key, kinds)}`;
      this.problems.push(yaml.problem([], 'missing-key', says));
      return;
    }
    const problems = checkShape(mappingSchemas[kind], yaml);
    this.problems.push(...problems);
    if (problems.length === 0) this.#declare(kind, yaml);
  }

  #declare(kind: keyof typeof mappingSchemas, yaml: YamlFile): void {
    const { file } = yaml;
    if (kind === 'code') {
      const content = yaml.value as CodeFile;
      this.#once(yaml, 'code', this.tables.get(content.code)?.file);
      this.tables.set(content.code, { file, table: codeTable(content) });
    } else if (kind === 'message') {
      this.messages.push({ yaml, content: yaml.value as MessageFile });
    } else if (kind === 'map') {
      const content = yaml.value as SegmentFile;
      const key = `${content.map} ${content.to}`;
      this.#once(yaml, 'map', this.segments.get(key)?.yaml.file);
      this.segments.set(key, { yaml, content });
    } else {
      const content = yaml.value as TypeFile;
      const name = content.type.slice(unnamed(content.type).length);
      for (const type of [content.type, ...(content.also ?? []).map((other) => other + name)]) {
        const maps = this.types.get(type) ?? new Map<string, Declared<TypeFile>>();
        this.#once(yaml, 'type', maps.get(content.to)?.yaml.file);
        this.types.set(type, maps.set(content.to, { yaml, content }));
      }
    }
  }

  #once(yaml: YamlFile, key: string, other: string | undefined): void {
    if (other !== undefined)
      this.problems.push(yaml.problem([key], 'duplicate', `${other} already declares this`));
  }
}

function kindOf({ value }: YamlFile): keyof typeof mappingSchemas | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return (['map', 'type', 'message', 'code'] as const).find((kind) => Object.hasOwn(value, kind));
}

function compileMapping(name: string, files: Files, definitions: Definitions): Mapping {
  const { problems } = files;
  const compiler: Compiler = {
    definitions,
    nested: { object: compileObject, typeMap: compileTypeMap },
    tables: files.tables,
    types: files.types,
    segments: files.segments,
    problems,
    used: new Set(),
    compiled: new Map(),
    made: new Map(),
    optional: new Set(),
  };
  const maps = new Map<string, MessageMap>();
  for (const { yaml, content } of files.messages) {
    const map = compileMessage(
      { compiler, yaml, part: { type: undefined, level: 0 }, piece: false },
      content,
    );
    for (const event of map.events) {
      const type = `${map.code}^${event}`;
      if (maps.has(type)) {
        problems.push(
          yaml.problem(['events', event], 'duplicate', `another message map already takes ${type}`, {
            key: true,
          }),
        );
      }
      maps.set(type, map);
    }
  }
  problems.push(...unused(files, compiler.used));
  return {
    name,
    optional: compiler.optional,
    accepts: ({ code, event }) => maps.has(`${code}^${event}`),
    run(message, context) {
      const kind = message.first('MSH')?.field(9) ?? '';
      const { component } = message.delimiters;
      const code = part(kind, component, 1);
      const event = part(kind, component, 2);
      const map = maps.get(`${code}^${event}`);
      if (map === undefined) {
        throw new PipehatError(
          'mapping-no-map',
          { mapping: name, type: `${code}^${event}` },
          { at: 'MSH-9' },
        );
      }
      const mapped = map.run(new Run(message, context), event);
      if (mapped.entries.length === 0)
        throw new PipehatError('mapping-nothing', { mapping: name }, { at: 'MSH-9' });
      return mapped;
    },
  };
}

/** Files that no message map leads to: nobody would notice a fault in them. */
function unused(files: Files, used: ReadonlySet<string>): Problem[] {
  const types = [...files.types.values()].flatMap((maps) => [...maps.values()]);
  const declared: Declared<unknown>[] = [...types, ...files.segments.values()];
  const rest = new Map(
    declared.filter(({ yaml }) => !used.has(yaml.file)).map(({ yaml }) => [yaml.file, yaml]),
  );
  return [...rest.values()].map((yaml) => yaml.problem([], 'unused', 'no message map leads to this file'));
}
