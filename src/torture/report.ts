/** Results for people, for programs and for CI. Pure text. */
import type { Case } from './case.ts';
import { nameOf } from './catalogue.ts';
import type { Result } from './run.ts';
import { counted } from './shown.ts';

/** The line of one result: verdict, level, case, what was seen; where it failed, what the case is about. */
export function resultText({ one, outcome, saw }: Result): string {
  const word = outcome === 'fail' ? 'FAIL' : outcome;
  const line = `  ${word}  ${one.level.padEnd(6)}  ${one.id.padEnd(22)}  ${saw}\n`;
  return outcome === 'fail' ? `${line}                ${one.title}. ${one.why}\n` : line;
}

/** A result for programs. */
export function resultJson({ one, outcome, saw, ms }: Result): object {
  const { group, id, level, title, why } = one;
  return { group, case: id, level, verdict: outcome, saw, ms, title, why };
}

/** A case for `--list`: name, level, title. */
export function caseRow(one: Case): readonly string[] {
  return [nameOf(one), one.level, one.title];
}

/** Whether all that must pass did. */
export function isSound(results: readonly Result[]): boolean {
  return !results.some(({ one, outcome }) => outcome === 'fail' && one.level === 'must');
}

/** `120 cases in 61.2 s: 101 pass, 3 fail (1 must, 2 should), 12 skip, 4 info`. */
export function summaryText(results: readonly Result[]): string {
  const of = (outcome: string): readonly Result[] => results.filter((result) => result.outcome === outcome);
  const fails = of('fail');
  const must = fails.filter(({ one }) => one.level === 'must').length;
  const which = fails.length === 0 ? '' : ` (${must} must, ${fails.length - must} should)`;
  const seconds = (results.reduce((sum, { ms }) => sum + ms, 0) / 1000).toFixed(1);
  return `${counted(results.length, 'case')} in ${seconds} s: ${of('pass').length} pass, ${fails.length} fail${which}, ${of('skip').length} skip, ${of('info').length} info\n`;
}

/**
 * JUnit XML, a suite for each group. A failed `must` is a failure; a failed `should` is skipped with what was seen, since it is
 * no reason to stop a build.
 */
export function junitXml(results: readonly Result[]): string {
  const groups = [...new Set(results.map(({ one }) => one.group))];
  const suites = groups.map((group) =>
    suiteXml(
      group,
      results.filter(({ one }) => one.group === group),
    ),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="pipehat torture">\n${suites.join('')}</testsuites>\n`;
}

function suiteXml(group: string, results: readonly Result[]): string {
  const elements = results.map(elementOf);
  const count = (element: string): number => elements.filter((found) => found === element).length;
  const cases = results.map((result, i) => caseXml(result, elements[i]!));
  return `<testsuite name="${xml(group)}" tests="${results.length}" failures="${count('failure')}" skipped="${count('skipped')}">\n${cases.join('')}</testsuite>\n`;
}

function elementOf({ one, outcome }: Result): 'failure' | 'skipped' | 'system-out' {
  if (outcome === 'fail') return one.level === 'must' ? 'failure' : 'skipped';
  return outcome === 'skip' ? 'skipped' : 'system-out';
}

function caseXml({ one, outcome, saw, ms }: Result, element: string): string {
  const said = outcome === 'fail' && one.level !== 'must' ? `${one.level}: ${saw}` : saw;
  const body =
    element === 'system-out'
      ? `<system-out>${xml(said)}</system-out>`
      : `<${element} message="${xml(said)}"/>`;
  return `<testcase classname="${xml(one.group)}" name="${xml(one.id)}" time="${ms / 1000}">${body}</testcase>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text in XML 1.0, which has no control characters. */
function xml(text: string): string {
  return text.replace(/[\0-\x1f\x7f]/g, '?').replace(/[&<>"]/g, (character) => ENTITIES[character]!);
}
