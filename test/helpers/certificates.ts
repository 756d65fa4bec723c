/** Certificates for tests, made as the test runs: an authority, and what it vouches for. */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** A certificate and its key, PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** What stands in a certificate. */
export interface Subject {
  /** CN of the subject. */
  readonly name: string;
  /** DNS names and addresses beside it. */
  readonly dns?: readonly string[];
  /** It ends so many days from now; before now where negative. */
  readonly days?: number;
}

/** An authority that signs certificates. */
export interface Authority {
  /** Its own certificate, PEM. */
  readonly ca: string;
  issue(subject: Subject): Promise<Pair>;
}

const DAY_MS = 24 * 3_600_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A new one. */
export async function createAuthority(name = 'Test authority'): Promise<Authority> {
  x509.cryptoProvider.set(crypto);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  let serial = 1;
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 365 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    ca: authority.toString('pem'),
    async issue({ name, dns = [], days = 90 }) {
      const own = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
      serial++;
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serial.toString(16).padStart(2, '0'),
        subject: `CN=${name}`,
        issuer: authority.subject,
        notBefore: new Date(Math.min(Date.now(), Date.now() + days * DAY_MS) - DAY_MS),
        notAfter: new Date(Date.now() + days * DAY_MS),
        signingAlgorithm: ALGORITHM,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new x509.SubjectAlternativeNameExtension(
            dns.map((value) => ({
              type: /^[\d.]+$/.test(value) ? ('ip' as const) : ('dns' as const),
              value,
            })),
          ),
        ],
      });
      const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', own.privateKey)).toString('base64');
      return {
        cert: certificate.toString('pem'),
        key: `-----BEGIN PRIVATE KEY-----\n${key.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----`,
      };
    },
  };
}
