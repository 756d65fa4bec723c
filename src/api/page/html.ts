/** HTML as a tagged template: what is put in is escaped, unless it is itself made by {@link html}. */

/** A piece of HTML that is safe to put in as it is. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What can be put into a template. Lists are joined; `undefined` and `false` leave nothing. */
export type Content = Html | string | number | undefined | false | readonly Content[];

/** Makes a piece of HTML. Attributes need double quotes around what is put in. */
export function html(parts: TemplateStringsArray, ...contents: Content[]): Html {
  return new Html(String.raw({ raw: parts }, ...contents.map(render)));
}

/** Text for HTML, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function render(content: Content): string {
  if (content instanceof Html) return content.text;
  if (content === undefined || content === false) return '';
  if (typeof content === 'object') return content.map(render).join('');
  return escapeHtml(String(content));
}
