/** Sessions of browsers. A cookie holds a random number that means something only to this process, not the token. */
import { randomBytes } from 'node:crypto';
import type { Caller } from './context.ts';

const lifetime_ms = 12 * 60 * 60 * 1000;
const cookie = 'pipehat_session';

/** Who is logged in. Ends with the process. */
export interface Sessions {
  /** Opens a session and gives the `Set-Cookie` for it. */
  open(caller: Caller): string;
  /** The caller of the session that `cookies` (the header) names. */
  find(cookies: string | undefined): Caller | undefined;
  /** Ends the session that `cookies` names, and gives the `Set-Cookie` that forgets it. */
  close(cookies: string | undefined): string;
}

/** `now` is the clock, in milliseconds. */
export function createSessions(now: () => number): Sessions {
  const sessions = new Map<string, { caller: Caller; ends_ms: number }>();
  const setCookie = (id: string, seconds: number) =>
    `${cookie}=${id}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict`;

  return {
    open(caller) {
      for (const [id, session] of sessions) if (session.ends_ms <= now()) sessions.delete(id);
      const id = randomBytes(32).toString('base64url');
      sessions.set(id, { caller, ends_ms: now() + lifetime_ms });
      return setCookie(id, lifetime_ms / 1000);
    },
    find(cookies) {
      const session = sessions.get(sessionId(cookies));
      return session !== undefined && session.ends_ms > now() ? session.caller : undefined;
    },
    close(cookies) {
      sessions.delete(sessionId(cookies));
      return setCookie('', 0);
    },
  };
}

function sessionId(cookies = ''): string {
  const pair = cookies.split(/; */).find((each) => each.startsWith(`${cookie}=`));
  return pair?.slice(cookie.length + 1) ?? '';
}
