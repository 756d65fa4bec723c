/** Certificate and key, looked at again from time to time, so that a renewed one needs no restart. */
import type { SecureContextOptions } from 'node:tls';
import { PipehatError } from '../errors.ts';
import type { Log } from '../log.ts';
import { expiryOf, secureContextOptions } from './certificates.ts';
import type { TlsOptions } from './options.ts';

/** How often the files are looked at. */
const RELOAD_MS = 60_000;

/** A certificate that ends sooner is warned of when it is taken up. */
const SOON_MS = 14 * 24 * 3_600_000;

/** What credentials need. */
export interface CredentialsContext {
  /** The options as they are now, references resolved anew. */
  read(): TlsOptions;
  /** Told when the certificate in use ends. */
  certificate(ends: Date): void;
  readonly log: Log;
  readonly reload_ms?: number | undefined;
}

/** Credentials in use. */
export interface Credentials {
  /** What TLS is made of, now. */
  readonly current: SecureContextOptions;
  /** Begins to look for renewed ones; `changed` is told of each. */
  start(changed: (options: SecureContextOptions) => void): void;
  stop(): void;
}

/** Throws `tls-certificate-wrong` where those of now can't be used. Later ones that can't are logged, and the old stay. */
export function createCredentials(first: TlsOptions, context: CredentialsContext): Credentials {
  const { read, certificate, log, reload_ms = RELOAD_MS } = context;
  let seen = first;
  let current = secureContextOptions(first);
  let timer: NodeJS.Timeout | undefined;

  const tell = ({ cert }: TlsOptions): void => {
    if (cert === undefined) return;
    const ends = expiryOf(cert);
    certificate(ends);
    const left = ends.getTime() - Date.now();
    if (left < SOON_MS) log.warn('the certificate ends soon, or has ended', { ends: ends.toISOString() });
  };

  const look = (changed: (options: SecureContextOptions) => void): void => {
    try {
      const now = read();
      if (isSame(now, seen)) return;
      seen = now;
      current = secureContextOptions(now);
      changed(current);
      log.info('renewed certificate taken up');
      tell(now);
    } catch (error) {
      if (!(error instanceof PipehatError)) throw error;
      log.error('a renewed certificate can not be used, the old one stays', {
        code: error.code,
        reason: error.message,
      });
    }
  };

  return {
    get current() {
      return current;
    },
    start(changed) {
      tell(first);
      timer = setInterval(() => look(changed), reload_ms);
    },
    stop() {
      clearInterval(timer);
    },
  };
}

function isSame(a: TlsOptions, b: TlsOptions): boolean {
  return a.cert === b.cert && a.key === b.key && a.ca === b.ca && a.passphrase === b.passphrase;
}
