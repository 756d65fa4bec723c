/** Headers that keep a browser from doing with our pages what we don't. */
import type { Api } from './typebox.ts';

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
];

/** Bull Board writes `<style>` and `style=` into its page; scripts stay files for it too. */
export const policyOfQueues = policy
  .map((rule) => (rule.startsWith('style-src') ? `${rule} 'unsafe-inline'` : rule))
  .join('; ');

/** Sets the headers of every answer. Nothing is cached: answers are live, and some hold PHI. */
export function addSecurityHeaders(app: Api): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'content-security-policy': policy.join('; '),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      // Not `no-referrer`: with it, browsers send `Origin: null` with our own forms, and isForeign needs the origin.
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
  });
}
