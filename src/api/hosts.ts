/**
 * Protection against DNS rebinding: a page of a foreign site can make its own name point to 127.0.0.1 and then talk to
 * this server as to itself. Its requests carry that name in `Host`, so only known names are answered.
 */
import { PipehatError } from '../errors.ts';
import { sendProblem } from './problems.ts';
import type { Api } from './typebox.ts';

const loopback = ['localhost', '127.0.0.1', '[::1]'];

/** Answers only requests whose `Host` is loopback or one of `names`, on any port. */
export function addHostCheck(app: Api, names: readonly string[]): void {
  const allowed = new Set([...loopback, ...names.map((name) => name.toLowerCase())]);
  app.addHook('onRequest', async (request, reply) => {
    const name = (request.headers.host ?? '').replace(/:\d*$/, '').toLowerCase();
    if (allowed.has(name)) return;
    await sendProblem(request, reply, new PipehatError('api-wrong-host'));
    return reply;
  });
}
