// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in configuration have this form
/** Options that sources and destinations on the network share. */
import Type, { type Static } from 'typebox';
import { ADDRESS_PATTERN } from './addresses.ts';

/** A PEM text, which in a file of the site is a reference to one: `${file:tls/server.pem}`. */
const pem = (description: string) => Type.String({ pattern: '^-----BEGIN ', description });

/** The same for what must never stand in a file of the site itself. */
const secretPem = (description: string) =>
  Type.String({ pattern: '^-----BEGIN ', secret: true, description });

const common = {
  min_version: Type.Enum(['TLSv1.2', 'TLSv1.3'], {
    default: 'TLSv1.2',
    description: 'The oldest version of TLS that is spoken.',
  }),
  passphrase: Type.Optional(
    Type.String({ secret: true, description: 'What opens the key, where it is encrypted. A reference.' }),
  ),
};

const listenerTls = Type.Object(
  {
    cert: pem(
      'Certificate and those between it and its authority, PEM: a reference such as ${file:tls/server.pem}.',
    ),
    key: secretPem('Its private key, PEM: a reference such as ${file:tls/server.key}.'),
    ca: Type.Optional(
      pem('Authorities of clients, PEM. With it TLS is mutual: who has no certificate of theirs is refused.'),
    ),
    allow_certificates: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description:
          'With ca: only clients whose certificate has one of these names (CN or DNS) or fingerprints (sha256:…).',
      }),
    ),
    handshake_timeout_ms: Type.Integer({
      minimum: 1,
      maximum: 600_000,
      default: 10_000,
      description: 'A connection whose TLS handshake takes longer is closed.',
    }),
    ...common,
  },
  {
    additionalProperties: false,
    description: 'Speak TLS. Renewed files are taken up within a minute, without a restart.',
  },
);

const clientTls = Type.Object(
  {
    ca: Type.Optional(
      pem('Authorities that the receiver is trusted by, PEM. Default: those that Node.js comes with.'),
    ),
    cert: Type.Optional(pem('Our own certificate, PEM, where the receiver asks for one (mutual TLS).')),
    key: Type.Optional(secretPem('Its private key, PEM: a reference such as ${file:tls/client.key}.')),
    servername: Type.Optional(
      Type.String({ minLength: 1, description: 'Name in its certificate, where it is another than host.' }),
    ),
    ...common,
  },
  {
    additionalProperties: false,
    description:
      'Speak TLS. The certificate of the receiver is always verified. Renewed files are taken up within a minute.',
  },
);

/** How a listener speaks TLS. */
export type ListenerTlsOptions = Static<typeof listenerTls>;

/** How a client speaks TLS. */
export type ClientTlsOptions = Static<typeof clientTls>;

/** What both need to speak it. */
export type TlsOptions = Pick<ClientTlsOptions, 'cert' | 'key' | 'passphrase' | 'ca' | 'min_version'>;

/** Key `tls` of a destination. */
export const tlsOfClient = Type.Optional(clientTls);

/** When a silent connection is probed. */
export const probe_after_ms = Type.Integer({
  minimum: 1000,
  maximum: 86_400_000,
  default: 60_000,
  description:
    'A connection silent for so long is probed (TCP keep-alive), so that a peer that vanished without a word is found.',
});

/** Keys of every source that listens. */
export const listening = {
  port: Type.Integer({
    minimum: 0,
    maximum: 65535,
    description: 'TCP port to listen on. 0 takes a free one.',
  }),
  host: Type.String({
    default: '127.0.0.1',
    description:
      'Address of this machine to listen on. 127.0.0.1 hears this machine only, 0.0.0.0 every network.',
  }),
  tls: Type.Optional(listenerTls),
  allow_addresses: Type.Optional(
    Type.Array(Type.String({ pattern: ADDRESS_PATTERN }), {
      minItems: 1,
      description:
        'Who may connect: addresses and networks such as 10.1.0.0/16 or 2001:db8::/32. Without it, everybody who reaches the port.',
    }),
  ),
  max_connections: Type.Integer({
    minimum: 1,
    default: 256,
    description: 'A connection beyond these is closed at once.',
  }),
  max_connections_per_address: Type.Optional(
    Type.Integer({ minimum: 1, description: 'The same for each address that connects.' }),
  ),
  probe_after_ms,
};

/** Keys of every source that listens, as chosen. */
export interface ListeningOptions {
  readonly port: number;
  readonly host: string;
  readonly tls?: ListenerTlsOptions;
  readonly allow_addresses?: readonly string[];
  readonly max_connections: number;
  readonly max_connections_per_address?: number;
  readonly probe_after_ms: number;
}
