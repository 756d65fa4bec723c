// Keeps the page fresh: every 2 s it fetches the page again and replaces the parts marked data-live that changed. The
// server renders; so there is one way to write a figure. A page nobody looks at asks for nothing.

const interval_ms = 2000;
const freshness = document.getElementById('freshness');

async function refresh() {
  const answer = await fetch(location.href, {
    headers: { accept: 'text/html' },
    signal: AbortSignal.timeout(10_000),
  });
  if (answer.redirected) return location.reload();
  if (!answer.ok) throw new Error(String(answer.status));
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (next !== null && next.innerHTML !== part.innerHTML) part.replaceChildren(...next.childNodes);
  }
}

async function tick() {
  if (!document.hidden) {
    try {
      await refresh();
      freshness.textContent = '';
    } catch {
      freshness.textContent = 'The engine does not answer. These figures are old.';
    }
    document.body.classList.toggle('stale', freshness.textContent !== '');
  }
  setTimeout(tick, interval_ms);
}

setTimeout(tick, interval_ms);
