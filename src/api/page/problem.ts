/** The page of a problem, for browsers. */
import type { Problem } from '../problem.schema.ts';
import { type Html, html } from './html.ts';
import { page } from './layout.ts';

/** Says what a problem document says. */
export function problemPage(problem: Problem): Html {
  return page(
    `${problem.title} · Pipehat`,
    html`<section class="card narrow">
<h1>${problem.title}</h1>
<p>${sentence(problem.detail)}</p>
<p>${problem.advice}</p>
<p class="faint">${problem.status} · ${problem.code}</p>
<p><a href="/">Back to the status page</a></p>
</section>`,
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
