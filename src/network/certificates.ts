/** Certificates: what may be used, until when, and which of a client's are allowed. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { PipehatError } from '../errors.ts';
import type { TlsOptions } from './options.ts';

/** The certificate that a fingerprint in `allow_certificates` names. */
const FINGERPRINT = /^sha256:([0-9a-f:]+)$/i;

/** What TLS is made of. Throws `tls-certificate-wrong` where certificate and key can't be used, or not together. */
export function secureContextOptions({
  cert,
  key,
  passphrase,
  ca,
  min_version,
}: TlsOptions): SecureContextOptions {
  const options = { cert, key, passphrase, ca, minVersion: min_version };
  try {
    createSecureContext(options);
    if (cert !== undefined) new X509Certificate(cert);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new PipehatError('tls-certificate-wrong', { reason }, { cause });
  }
  return options;
}

/** When the first certificate of a PEM text ends. */
export function expiryOf(pem: string): Date {
  return new Date(new X509Certificate(pem).validTo);
}

/**
 * Is this one of those that `allowed` names: by its subject's CN or a DNS name, without regard to case and without
 * wildcards, or by `sha256:` and the fingerprint, with or without colons?
 */
export function isAllowedCertificate(certificate: X509Certificate, allowed: readonly string[]): boolean {
  return allowed.some((entry) => {
    const fingerprint = FINGERPRINT.exec(entry)?.[1];
    if (fingerprint !== undefined) return plainHex(fingerprint) === plainHex(certificate.fingerprint256);
    return certificate.checkHost(entry, { subject: 'always', wildcards: false }) !== undefined;
  });
}

function plainHex(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}
