/** A tour that stands in a page, as steps: what is typed, what is then printed, what is edited. */

/** A step of a tour. */
export type Step =
  /** `printed` is what the page shows after it, where it does; `…` in it stands for anything. */
  | { readonly kind: 'type'; readonly command: string; readonly printed: string | undefined }
  | { readonly kind: 'edit'; readonly before: string; readonly after: string };

/** The steps under `heading`: every line of `sh` blocks, `text` blocks after them, and `diff` blocks of one line. */
export function readTour(page: string, heading: string): Step[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const steps: Step[] = [];
  for (const [, language, text = ''] of section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)) {
    if (language === 'sh') {
      for (const command of text.trim().split('\n'))
        steps.push({ kind: 'type', command, printed: undefined });
    } else if (language === 'text') {
      const last = steps.pop();
      if (last?.kind !== 'type') throw new Error(`nothing is typed before: ${text}`);
      steps.push({ ...last, printed: text });
    } else if (language === 'diff') {
      const [, before, after] = /^-(.*)\n\+(.*)\n$/.exec(text) ?? [];
      if (before === undefined || after === undefined) throw new Error(`expected one changed line: ${text}`);
      steps.push({ kind: 'edit', before, after });
    } else throw new Error(`nobody knows how to do ${language}`);
  }
  return steps;
}

/** Is that what was shown? Blanks at the ends of lines don't count. */
export function isAsShown(printed: string, shown: string): boolean {
  const pattern = trimmed(shown)
    .split('…')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[\\s\\S]*?');
  return new RegExp(`^${pattern}$`).test(trimmed(printed));
}

function trimmed(text: string): string {
  return text.replaceAll(/[ \t]+$/gm, '').trimEnd();
}
