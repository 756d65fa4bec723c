/** What is wrong with a file that a person edits: where, which rule, what was expected and found. */
export interface Problem {
  /** Path of the file, relative to the site's folder. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** Short name of the broken rule, such as `unknown-key`. */
  readonly rule: string;
  /** One sentence: what is wrong, what was expected, and the nearest right thing where there is one. */
  readonly says: string;
  /** A warning doesn't keep the files from being used; everything else does. */
  readonly level?: 'warning';
}

/** `channels/adt.yaml:14:7 unknown-key …`: the form that editors and people jump to. */
export function formatProblem(problem: Problem): string {
  const level = problem.level === undefined ? '' : `${problem.level}: `;
  return `${problem.file}:${problem.line}:${problem.column} ${level}${problem.rule} ${problem.says}`;
}

/** Is there one among them that keeps the files from being used? */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.level === undefined);
}

/** By file, line, column: the order in which a person mends them. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return problems.toSorted(
    (a, b) =>
      compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.rule, b.rule),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The one of `candidates` that `word` was probably meant to be, if one is near enough (at most a third of it differs). */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.floor(Math.max(word.length, 3) / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` (did you mean X?)`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const found = nearest(word, candidates);
  return found === undefined ? '' : ` (did you mean ${found}?)`;
}

/** Damerau-Levenshtein, neighbours swapped count once: `timout` and `tiemout` are both one away from `timeout`. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, rows[i - 2]![j - 2]! + 1);
      }
      row.push(distance);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
