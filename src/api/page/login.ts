/** The page that asks for a token. */
import { type Html, html } from './html.ts';
import { page } from './layout.ts';

/** `to` is where to go afterwards; `wrong` says why the last try failed. */
export function loginPage(to: string, wrong?: string): Html {
  return page(
    'Log in · Pipehat',
    html`<form class="card narrow" method="post" action="/login">
<h1>Log in</h1>
<p>Pipehat showed its token when it started for the first time.</p>
<input type="hidden" name="to" value="${to}">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
${wrong !== undefined && html`<p class="wrong" role="alert">${wrong}</p>`}
<button>Log in</button>
</form>`,
  );
}
