/** Expressions and HL7 paths in files, with their problems at the right column. */
import { compileExpression, type Expression } from '../expression/expression.ts';
import { fieldDefinition, segmentDefinition } from '../hl7/dictionary.ts';
import { type Path, parsePath } from '../hl7/path.ts';
import { NEWEST_VERSION } from '../hl7/version.ts';
import type { MessagePattern } from '../pipeline/accept.ts';
import type { Problem } from '../problem.ts';
import { type Place, valueAt, type YamlFile } from '../yaml.ts';
import { groupProblem } from './group.ts';

/** A file with paths in it. */
export interface PathFile {
  readonly yaml: YamlFile;
  /** The messages that its paths are read in; undefined where that may be any. */
  readonly accepts: readonly MessagePattern[] | undefined;
  /** What was found wrong in it so far. */
  readonly problems: Problem[];
}

/** Compiles the CEL text at `place`, which must be of type `type`. Undefined, with problems added, when it is wrong. */
export function compileAt(file: PathFile, place: Place, type: 'bool' | 'string'): Expression | undefined {
  const { yaml, problems } = file;
  const text = String(valueAt(yaml.value, place));
  const { expression, problem } = compileExpression(text);
  if (problem !== undefined) {
    problems.push(yaml.problem(place, 'bad-expression', problem.says, { offset: problem.offset }));
    return undefined;
  }
  for (const path of expression.paths) {
    problems.push(...pathProblems(file, place, path, { offset: text.indexOf(path.text) }));
  }
  if (expression.type === type) return expression;
  const says = `expected an expression of type ${type}, found one of type ${expression.type}`;
  problems.push(yaml.problem(place, 'bad-expression', says, { offset: 0 }));
  return undefined;
}

/** Reads the path that is the last key of `place`. Undefined, with a problem added, when it is none. */
export function pathAt(file: PathFile, place: Place): Path | undefined {
  const { yaml, problems } = file;
  try {
    const path = parsePath(String(place.at(-1)));
    problems.push(...pathProblems(file, place, path, { key: true }));
    return path;
  } catch (error) {
    problems.push(yaml.problem(place, 'bad-path', (error as Error).message, { key: true }));
    return undefined;
  }
}

/**
 * A segment that HL7 doesn't have is a slip of the pen, unless its name begins with Z: those are for local use. Fields
 * beyond the standard do occur in real feeds, so they are a warning.
 */
function pathProblems(
  { yaml, accepts }: PathFile,
  place: Place,
  path: Path,
  where: { key?: boolean; offset?: number },
): Problem[] {
  const problem = (rule: string, says: string) => yaml.problem(place, rule, says, where);
  const found = accepts === undefined ? undefined : groupProblem(path, accepts);
  if (found !== undefined) return [problem(found.rule, found.says)];
  if (path.segment.startsWith('Z')) return [];
  if (segmentDefinition(NEWEST_VERSION, path.segment) === undefined) {
    return [problem('unknown-segment', `HL7 has no segment ${path.segment} (local segments begin with Z)`)];
  }
  if (fieldDefinition(NEWEST_VERSION, path.segment, path.field) === undefined) {
    const says = `HL7 ${NEWEST_VERSION} has no field ${path.segment}-${path.field}`;
    return [{ ...problem('unknown-field', says), level: 'warning' }];
  }
  return [];
}
