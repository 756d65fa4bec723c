/**
 * Every error that Pipehat can report, in one table: code, class, what it says, what to do.
 *
 * The **class** decides what happens next, and is decided where the error happens:
 * - `transient`: nothing was done; the same attempt may work later.
 * - `ambiguous`: it was sent and no answer came; whether it was done is not known.
 * - `permanent`: it was refused for good; only a change (of message, file or system) helps.
 *
 * A message says what was expected, what was found and where; `advice` says what to do. Neither ever holds the
 * value of an HL7 field beyond the facts of MSH: error texts go to logs, ACKs and screens, and PHI does not.
 *
 * `ack` and `condition` are the MSA-1 (table 0008) and ERR-3 (table 0357) that a sender gets for it.
 */

/** What can be done about an error. See the head of this file. */
export type ErrorClass = 'transient' | 'ambiguous' | 'permanent';

/** One row of the table of errors. `{name}` in `says` stands for a fact given when the error is made. */
export interface ErrorDefinition {
  readonly class: ErrorClass;
  readonly says: string;
  readonly advice: string;
  /** MSA-1 (HL7 table 0008): AE = try again or mend it, AR = never as it is. */
  readonly ack?: 'AE' | 'AR';
  /** ERR-3 (HL7 table 0357), such as 200 = unsupported message type. */
  readonly condition?:
    | '100'
    | '101'
    | '102'
    | '103'
    | '200'
    | '201'
    | '202'
    | '203'
    | '204'
    | '205'
    | '206'
    | '207';
}

export const errors = {
  // --- HL7 v2 (src/hl7)
  'hl7-no-msh': {
    class: 'permanent',
    ack: 'AR',
    condition: '100',
    says: 'expected a message that starts with MSH and its delimiters, found {found}',
    advice: 'Check that the sender sends HL7 v2 and not another protocol to this port.',
  },
  'hl7-bad-path': {
    class: 'permanent',
    says: 'expected an HL7 path such as PID-3[2].4.1, found "{path}"',
    advice:
      'Write SEGMENT-FIELD, groups with a dot behind each before it, [repetition], .component and .subcomponent after it.',
  },
  'hl7-not-settable': {
    class: 'permanent',
    says: "{path} can't be set: it names the delimiters, or lies deeper than those of the message reach",
    advice: 'Set another place. MSH-1 and MSH-2 are what the sender chose.',
  },
  'hl7-bad-date': {
    class: 'permanent',
    ack: 'AE',
    condition: '102',
    says: 'expected a date as YYYY[MM[DD[HH[MM[SS[.S…]]]]]][+/-ZZZZ], found another form, an impossible date, or a time that the clocks skipped',
    advice: 'Mend the date at the sender, or leave the field out of the mapping.',
  },
  'fhir-bad-date': {
    class: 'permanent',
    says: 'expected a FHIR date, dateTime, instant or time, found text of another form or an impossible date',
    advice: 'Mend the value in the FHIR resource.',
  },
  'hl7-charset-unknown': {
    class: 'permanent',
    ack: 'AR',
    condition: '103',
    says: 'expected a character set of table 0211 in MSH-18 that Pipehat can read, found "{found}"',
    advice: 'Let the sender write the set it uses, such as UNICODE UTF-8 or 8859/1.',
  },
  'hl7-charset-undecodable': {
    class: 'permanent',
    ack: 'AR',
    condition: '102',
    says: 'expected bytes in the character set {charset}, found some that it does not have: {count}, the first at offset {offset} of the message',
    advice:
      'Let the sender write in MSH-18 the character set that it really sends; where it writes none, say it in accept.charset of the channel.',
  },
  'hl7-charset-unrepresentable': {
    class: 'permanent',
    says: 'the character set {charset} lacks characters of the message: {count}, the first in {place}',
    advice:
      'Give the system a charset that has them, such as UNICODE UTF-8, or let it write substitutes: unrepresentable: replace.',
  },
  'hl7-bad-ack': {
    class: 'ambiguous',
    says: 'expected an acknowledgement with MSA-1, found a message without',
    advice: 'Check that the other end of this port is an HL7 v2 receiver in original or enhanced mode.',
  },
  // --- batches (src/hl7/batch.ts)
  'batch-count-wrong': {
    class: 'permanent',
    ack: 'AR',
    condition: '100',
    says: 'expected {expected} {what}, as {field} says, found {found} (line {line}, byte {offset})',
    advice:
      'Nothing of it was taken. Let the sender send all of it again; if the count is wrong by habit, set batch_counts: warn.',
  },
  'batch-count-unreadable': {
    class: 'permanent',
    ack: 'AR',
    condition: '102',
    says: 'expected a whole number in {field}, found something else (line {line}, byte {offset})',
    advice: 'Let the sender write the count there, with the delimiters of the header, or leave it empty.',
  },
  'batch-trailer-missing': {
    class: 'permanent',
    ack: 'AR',
    condition: '100',
    says: 'expected {trailer} to end what {header} began (line {line}, byte {offset}), found none',
    advice: 'It may have been cut off on its way: let the sender send all of it again.',
  },
  'batch-header-missing': {
    class: 'permanent',
    ack: 'AR',
    condition: '100',
    says: 'expected {header} before {trailer} (line {line}, byte {offset}), found none',
    advice: 'Its beginning may be missing: let the sender send all of it again.',
  },
  'batch-block-unfinished': {
    class: 'permanent',
    ack: 'AR',
    condition: '100',
    says: 'expected the end block 1C for the start block 0B in line {line}, byte {offset}, found none',
    advice: 'It may have been cut off on its way: let the sender send all of it again.',
  },
  // --- mapping (src/mapping)
  'mapping-no-map': {
    class: 'permanent',
    says: 'mapping {mapping} has no message map for {type}',
    advice: 'Write one in mappings/{mapping}/messages, or filter this type out before the transform.',
  },
  'mapping-no-identity': {
    class: 'permanent',
    says: 'expected an identifier with its assigning authority for {resource}, found none',
    advice:
      'Have the sender fill it, or set the authority in the channel before the transform: set: { PID-3.4: … }.',
  },
  'mapping-required-missing': {
    class: 'permanent',
    says: 'FHIR requires {element}, and the message has nothing for it',
    advice: 'Have the sender fill the field, or give the rule a further source or constant.',
  },
  'mapping-misplaced-segment': {
    class: 'permanent',
    says: 'the segment stands outside the groups of {structure} that the message map walks through',
    advice: 'Have the sender put it in its place, or give the message map a step for where it stands.',
  },
  'mapping-nothing': {
    class: 'permanent',
    says: 'the message has none of the segments that its message map makes resources of',
    advice: 'Compare the message with the message map in mappings/{mapping}/messages.',
  },
  'mapping-code-rejected': {
    class: 'permanent',
    says: 'the code is not in table {table}, which rejects codes that it does not list',
    advice: 'Add the code to the table in mappings, then replay.',
  },
  'mapping-expression-failed': {
    class: 'permanent',
    says: 'the expression {expression} could not be computed for this message',
    advice: 'Guard it with a when, so that it is only computed for text of the form it expects.',
  },
  'mapping-bad-value': {
    class: 'permanent',
    says: 'expected {expected}, found text of another form',
    advice: 'Mend the field at the sender, or give the rule a further source.',
  },
  // --- keys and sealing (src/security)
  'payload-damaged': {
    class: 'permanent',
    says: 'a sealed {purpose} does not open: its bytes, tenant or purpose are not those it was sealed with',
    advice:
      'Restore the row from a backup. `pipehat audit verify` tells whether the database was changed by hand.',
  },
  'attachment-unknown': {
    class: 'permanent',
    says: 'a body holds a reference to an attachment that its message does not have',
    advice:
      'See whether a step or mapping of the channel changes the field with the large content: a reference stands in its place, and must be kept as it is.',
  },
  'payload-key-unknown': {
    class: 'permanent',
    says: 'a payload is sealed under data key {key}, which the database does not have',
    advice: 'Restore the table data_key from a backup of the same database.',
  },
  'master-key-wrong': {
    class: 'permanent',
    says: 'the master key does not open the data keys of this database',
    advice: 'Give the master key that this database was made with (see master_key in pipehat.yaml).',
  },
  'master-key-bad': {
    class: 'permanent',
    says: 'expected a master key of 64 hex digits in {source}, found something else',
    advice: 'Write 64 hex digits there, such as `openssl rand -hex 32` prints.',
  },
  // --- store (src/store)
  'store-unreachable': {
    class: 'transient',
    ack: 'AE',
    condition: '207',
    says: "the database can't be reached ({reason})",
    advice:
      'Start PostgreSQL or correct DATABASE_URL. Messages are answered AE until then: the sender keeps and resends them.',
  },
  'store-in-use': {
    class: 'permanent',
    says: 'another Pipehat (process {pid}) works with the data folder {folder}',
    advice: 'Use that one, stop it first, or start this one with another folder: --data FOLDER.',
  },
  'store-not-migrated': {
    class: 'permanent',
    says: 'the database has schema version {found}, this Pipehat needs {expected}',
    advice: 'Run `pipehat migrate`.',
  },
  'store-newer': {
    class: 'permanent',
    says: 'the database has schema version {found}, this Pipehat knows versions up to {expected}',
    advice: 'Run a Pipehat at least as new as the one that migrated the database.',
  },
  'folder-not-writable': {
    class: 'permanent',
    says: "the folder {folder} can't be written ({reason})",
    advice: 'Give this user the right to write there, or start with another folder: --data FOLDER.',
  },
  'postgres-not-here': {
    class: 'permanent',
    says: 'no embedded PostgreSQL for {platform}',
    advice: 'Run `npm ci` without --omit=optional, or give a PostgreSQL of your own in DATABASE_URL.',
  },
  'postgres-failed': {
    class: 'permanent',
    says: 'the embedded PostgreSQL did not start: {reason}',
    advice: 'Read {log}. To use a PostgreSQL of your own, set DATABASE_URL.',
  },
  'lease-lost': {
    class: 'transient',
    says: 'lane {lane} of {name} is now worked by another process',
    advice: 'Nothing to do: the other process goes on with it.',
  },

  // --- ports (every listener)
  'port-in-use': {
    class: 'transient',
    says: 'expected port {port} of {host} to be free, found another program listening there',
    advice: 'End the other program, or choose another port.',
  },
  'port-not-allowed': {
    class: 'permanent',
    says: 'expected to be allowed to listen on port {port} of {host}, and was not',
    advice: 'Choose a port of 1024 or more and an address of this machine.',
  },

  'port-not-opened': {
    class: 'permanent',
    says: "can't listen on port {port} of {host} ({reason})",
    advice: 'Choose an address that this machine has: `ip address` lists them.',
  },

  // --- TLS (src/network)
  'tls-certificate-wrong': {
    class: 'permanent',
    says: "certificate and key can't be used for TLS ({reason})",
    advice:
      'See that cert, key and ca are PEM, that the key is that of the certificate, and that passphrase opens it.',
  },
  'tls-handshake-failed': {
    class: 'transient',
    says: 'no TLS connection to {host}:{port} could be made ({reason}); nothing was sent',
    advice:
      'See that the receiver speaks TLS there, that ca vouches for its certificate, that servername is a name in it, and that it knows our own.',
  },

  // --- picking up files (src/sources/folder.ts, sftp.ts)
  'pickup-file-too-large': {
    class: 'permanent',
    ack: 'AR',
    condition: '207',
    says: 'expected a file of at most {max_bytes} bytes, found a longer one',
    advice: 'Raise max_bytes of the source and put the file back, or send less in one file.',
  },
  'pickup-file-empty': {
    class: 'permanent',
    ack: 'AR',
    condition: '100',
    says: 'expected a file with HL7 messages, found none in it',
    advice: 'It may have been cut off on its way: let the sender send it again.',
  },
  'pickup-failed': {
    class: 'transient',
    says: "the folder {folder} can't be worked with ({reason})",
    advice:
      'See that the folder is there and that this user may read, write and rename in it. Files are picked up by themselves then.',
  },
  'sftp-unreachable': {
    class: 'transient',
    says: "can't connect to {host}:{port} ({reason})",
    advice: 'Check that an SFTP server listens there and that no firewall stands between. It is tried again.',
  },
  'sftp-host-key-wrong': {
    class: 'permanent',
    says: 'expected {host}:{port} to have the host key {expected}, found {found}',
    advice:
      'Ask whoever runs the server. If its key was changed on purpose, write the new one into host_fingerprint; else somebody else may answer in its place.',
  },
  'sftp-login-refused': {
    class: 'transient',
    says: '{host}:{port} does not let in the user {user}',
    advice:
      'Check user, password or private_key of the source, and what the server allows. It is tried again.',
  },
  'sftp-key-unreadable': {
    class: 'permanent',
    says: 'expected a private key in a form of OpenSSH or PEM, found something else, or the passphrase is wrong',
    advice: 'Check what private_key and passphrase of the source refer to.',
  },
  // --- MLLP (src/mllp, src/sources/mllp.ts, src/destinations/mllp.ts)
  'mllp-frame-too-large': {
    class: 'permanent',
    ack: 'AR',
    condition: '207',
    says: 'expected a message of at most {max_bytes} bytes, found a longer one',
    advice: 'Raise max_bytes of the source, or send less in one message.',
  },
  'mllp-frame-unfinished': {
    class: 'transient',
    ack: 'AE',
    condition: '207',
    says: 'expected the end block 1C 0D before the next start block 0B, found none',
    advice: 'Send it again. If it happens again, let the sender end each message with the bytes 1C 0D.',
  },
  'mllp-frame-unstarted': {
    class: 'permanent',
    ack: 'AR',
    condition: '207',
    says: 'expected the start block 0B before MSH, found MSH without it',
    advice: 'Let the sender frame each message: the byte 0B, the message, the bytes 1C 0D.',
  },
  'mllp-frame-late': {
    class: 'transient',
    ack: 'AE',
    condition: '207',
    says: 'expected the end of a message within {frame_timeout_ms} ms of its beginning, found none',
    advice:
      'Let the sender end each message with the bytes 1C 0D. On a slow line, raise frame_timeout_ms of the source.',
  },
  'mllp-text-not-framable': {
    class: 'permanent',
    says: 'expected text that can stand between MLLP blocks, found the bytes of a block within it',
    advice:
      'Take the control characters 0B and 1C out of the message, with a step of the channel or at the sender.',
  },
  'mllp-unreachable': {
    class: 'transient',
    says: "can't connect to {host}:{port} ({reason})",
    advice: 'Check that the receiver listens there and that no firewall stands between.',
  },
  'mllp-no-answer': {
    class: 'ambiguous',
    says: 'the message was sent to {host}:{port} and no answer came ({reason})',
    advice: 'Look at the receiver whether it has the message. A longer answer_timeout_ms helps a slow one.',
  },
  'mllp-unreadable-answer': {
    class: 'ambiguous',
    says: 'expected an ACK from {host}:{port}, found bytes that are none',
    advice: 'Look at the response of the attempt, and at the receiver whether it has the message.',
  },
  'mllp-wrong-answer': {
    class: 'ambiguous',
    says: 'expected an ACK from {host}:{port} with MSA-2 as MSH-10 was sent, found another',
    advice: 'Look at the response of the attempt, and at the receiver whether it has the message.',
  },
  'mllp-refused': {
    class: 'permanent',
    says: 'the receiver {host}:{port} answered {code}',
    advice:
      'Read the ERR segments in the response of the attempt. Mend the message or the receiver, then replay.',
  },
  'mllp-refused-for-now': {
    class: 'transient',
    says: 'the receiver {host}:{port} answered {code}, and is asked again',
    advice:
      'Read the ERR segments in the response of the attempt. With `answers: { {code}: reject }` it is not asked again.',
  },

  // --- HL7 over HTTP (src/sources/http.ts)
  'http-message-too-large': {
    class: 'permanent',
    ack: 'AR',
    condition: '207',
    says: 'expected a message of at most {max_bytes} bytes, found a longer one',
    advice: 'Raise max_bytes of the source, or send less in one message.',
  },
  'http-message-late': {
    class: 'transient',
    says: 'expected the whole request within {request_timeout_ms} ms, found a part of it',
    advice: 'Send it again. On a slow line, raise request_timeout_ms of the source.',
  },
  'http-message-empty': {
    class: 'permanent',
    says: 'expected an HL7 message in the body of the request, found nothing',
    advice: 'Send the message as the body.',
  },
  'http-not-found': {
    class: 'permanent',
    says: 'expected the path {path}, found another',
    advice: 'Send to {path}, or change path of the source.',
  },
  'http-wrong-method': {
    class: 'permanent',
    says: 'expected the method POST, found another',
    advice: 'Send each message with POST.',
  },
  'http-wrong-type': {
    class: 'permanent',
    says: 'expected the content type application/hl7-v2, found another, or an encoding of the body',
    advice: 'Send content-type: application/hl7-v2, and the message neither compressed nor as XML.',
  },
  'http-unauthorized': {
    class: 'permanent',
    says: 'expected the token of this source, found none or another',
    advice: 'Send authorization: Bearer TOKEN, with the token that the option refers to.',
  },

  // --- files (src/destinations/file.ts)
  'file-not-writable': {
    class: 'transient',
    says: "the file {path} can't be written ({reason})",
    advice: 'Give this user the right to write there, and see that the disk has space.',
  },

  // --- FHIR servers (src/fhir, src/destinations/fhir.ts)
  'fhir-unreachable': {
    class: 'transient',
    says: "the FHIR server at {origin} can't be reached ({reason})",
    advice:
      'Check base_url of the system, the network and the certificate. Deliveries go on by themselves once it is there.',
  },
  'fhir-no-answer': {
    class: 'ambiguous',
    says: 'the FHIR server at {origin} was sent the request and gave no complete answer ({reason})',
    advice:
      'Repeating is safe: every write finds its record by identifier. Raise timeout_ms if the server is only slow.',
  },
  'fhir-unreadable-answer': {
    class: 'ambiguous',
    says: 'the FHIR server answered {status}, but not with the {expected} that belongs to it',
    advice: 'Check that base_url is a FHIR R4 endpoint and that no proxy changes its answers.',
  },
  'fhir-busy': {
    class: 'transient',
    says: 'the FHIR server answered {status} and did not take the request ({issues})',
    advice: 'Nothing to do: the request is repeated. If it lasts, ask whoever runs the server.',
  },
  'fhir-conflict': {
    class: 'transient',
    says: 'the FHIR server answered {status}: the record was changed by somebody else at the same moment ({issues})',
    advice: 'Nothing to do: the request is repeated.',
  },
  'fhir-unauthorized': {
    class: 'transient',
    says: 'the FHIR server answered {status}: it does not accept our credentials ({issues})',
    advice: 'Mend the credentials of the system. Deliveries go on by themselves then.',
  },
  'fhir-no-single-match': {
    class: 'permanent',
    says: 'the FHIR server has no record or several records where an identifier of {resource_types} should match one ({issues})',
    advice: 'Write the missing resource too, or merge the duplicate records there, then replay.',
  },
  'fhir-refused': {
    class: 'permanent',
    says: 'the FHIR server answered {status} ({issues})',
    advice: 'The full answer is with the attempt. Mend the mapping or the data, then replay.',
  },
  'fhir-stopped': {
    class: 'transient',
    says: 'the destination is being stopped',
    advice: 'Nothing to do: the delivery goes on after the next start.',
  },

  // --- HTTP (src/api)
  'api-bad-request': {
    class: 'permanent',
    says: 'the request is not as the API describes it: {found}',
    advice: 'Compare the request with /openapi.json.',
  },
  'api-unauthorized': {
    class: 'permanent',
    says: 'expected a valid token, found none',
    advice:
      'Send "Authorization: Bearer TOKEN", or log in at /login. The token was shown at the first start.',
  },
  'api-foreign-page': {
    class: 'permanent',
    says: 'expected a request from a page of this server, found one from elsewhere',
    advice: 'Open this server itself in the browser, or send a bearer token.',
  },
  'api-not-found': {
    class: 'permanent',
    says: 'nothing is here',
    advice: 'See /openapi.json for what there is.',
  },
  'api-message-not-found': {
    class: 'permanent',
    says: 'expected the id of a kept message, found none of that id',
    advice: 'Look for the message in /v1/messages. It may be past its retention.',
  },
  'api-wrong-host': {
    class: 'permanent',
    says: 'expected a Host header that names this server, found another',
    advice: 'Use localhost, or add the name to http.host_names in pipehat.yaml.',
  },
  'api-internal': {
    class: 'permanent',
    says: 'the request failed inside Pipehat',
    advice: 'Look into the log for the line with this code and time.',
  },
  // --- configuration and pipeline (src/config, src/pipeline)
  'control-id-missing': {
    class: 'permanent',
    ack: 'AE',
    condition: '101',
    says: 'expected a message control id in MSH-10, found nothing',
    advice: "Have the sender fill MSH-10: without it, an answer can't be told from another.",
  },
  'version-not-accepted': {
    class: 'permanent',
    ack: 'AR',
    condition: '203',
    says: 'expected HL7 version {expected} in MSH-12, found {found}',
    advice: 'Widen accept.versions in the channel file, or have the sender use another version.',
  },
  'message-type-not-accepted': {
    class: 'permanent',
    ack: 'AR',
    condition: '200',
    says: 'expected a message of type {expected} in MSH-9.1, found {found}',
    advice: 'Add the type to accept.messages in the channel file, or send it to another port.',
  },
  'trigger-event-not-accepted': {
    class: 'permanent',
    ack: 'AR',
    condition: '201',
    says: 'expected trigger event {expected} in MSH-9.2, found {found}',
    advice: 'Add the event to accept.messages in the channel file, or send it to another port.',
  },
  'message-invalid': {
    class: 'permanent',
    ack: 'AE',
    condition: '102',
    says: 'expected a message without errors, found {count}; the first: {says}',
    advice:
      'The findings are with the message: `pipehat trace`. Let the sender mend it; or say in the profile what this sender may do, or `validate: warn` in the channel file.',
  },
  'profile-unknown': {
    class: 'permanent',
    says: 'there is no profile "{profile}" in {folder}{hint}',
    advice: 'Name a profile of the site: its files are in the folder profiles.',
  },
  'expression-failed': {
    class: 'permanent',
    says: 'the expression {expression} failed on this message',
    advice: "Look at the fields that the expression reads: it can't work with what one of them holds.",
  },
  'reference-unresolved': {
    class: 'permanent',
    says: 'nothing stands behind {reference} ({reason})',
    advice: 'Set the environment variable, or write the file, that {reference} names.',
  },
  'option-wrong': {
    class: 'permanent',
    says: 'the option {option} {expected} once its references are resolved, and is not',
    advice: 'Correct the environment variable or file that the option refers to.',
  },
  'site-not-found': {
    class: 'permanent',
    says: 'expected a folder with a pipehat.yaml at or above {path}, found none',
    advice: 'Go to the folder of your site, or name it.',
  },
  'configuration-wrong': {
    class: 'permanent',
    says: 'the configuration has {count} problems; the first: {first}',
    advice: 'Run `pipehat lint` to see all of them.',
  },
  // --- commands (src/commands)
  'input-unreadable': {
    class: 'permanent',
    says: "can't read {path} ({reason})",
    advice: 'Check the name and that you may read it.',
  },
  'input-empty': {
    class: 'permanent',
    says: 'expected HL7 messages in {path}, found none',
    advice: 'Name files with messages, or folders with files that end in .hl7.',
  },
  'output-unwritable': {
    class: 'permanent',
    says: "can't write {path} ({reason})",
    advice: 'Check that the folder is there and that you may write into it.',
  },
  'mapping-unknown': {
    class: 'permanent',
    says: 'there is no mapping "{mapping}" in {folder}{hint}',
    advice: 'Name a folder under mappings.',
  },
  'mapping-not-optional': {
    class: 'permanent',
    says: 'the mapping "{mapping}" makes no {type} on request: what it makes only when asked is {known}',
    advice: 'Name one of these, or leave --include out: all other types are made anyway.',
  },
  'bundle-invalid': {
    class: 'permanent',
    says: 'the Bundle breaks FHIR R4 in {count} places',
    advice: 'Mend the mapping file that fills the element, or the message.',
  },
  // --- engine (src/engine)
  'delivery-interrupted': {
    class: 'ambiguous',
    says: 'the engine stopped between sending and the answer: whether the receiver has it is not known',
    advice:
      'Nothing, where the system says `unanswered: resend`. Else look at the receiver and settle the delivery.',
  },
  'message-not-processed-in-time': {
    class: 'transient',
    ack: 'AE',
    condition: '207',
    says: 'the message is stored, and was not processed within {timeout_ms} ms: send it again to hear how it went',
    advice:
      'Nothing is lost and nothing is done twice. See what waits in front of the channel, or raise ack.timeout_ms.',
  },
  'message-not-delivered-in-time': {
    class: 'transient',
    ack: 'AE',
    condition: '207',
    says: 'the message is stored, and was not delivered within {timeout_ms} ms: send it again to hear how it went',
    advice:
      'Nothing is lost and nothing is done twice. See which delivery of the message is not acknowledged, and why.',
  },
  'delivery-refused': {
    class: 'permanent',
    ack: 'AE',
    condition: '207',
    says: 'the message is stored, and the system {system} refused it ({status})',
    advice: 'Read the answer in the trace of the message, mend the cause, then replay it.',
  },
  'delivery-cancelled': {
    class: 'permanent',
    ack: 'AE',
    condition: '207',
    says: 'the message is stored, and a person decided that it is not sent to the system {system}',
    advice: 'Ask who decided so; the audit names the person.',
  },
  'message-unknown': {
    class: 'permanent',
    says: 'there is no message {id}',
    advice: 'List messages with `pipehat messages`.',
  },
  'sandbox-not-started': {
    class: 'permanent',
    says: 'the sandbox FHIR server did not start: {reason}',
    advice: 'Mend that, choose another port under sandbox in pipehat.yaml, or start with --no-sandbox.',
  },
  'replay-not-possible': {
    class: 'permanent',
    says: "message {id} can't be replayed: there is none, it was rejected at intake, or it waits in its lane",
    advice: 'See `pipehat trace {id}`. A rejected message has to be sent again by its sender.',
  },
  internal: {
    class: 'permanent',
    ack: 'AE',
    condition: '207',
    says: 'Pipehat has a fault here',
    advice:
      'Please report it with the line "a fault of Pipehat" from the log. Nothing is lost: the message is kept.',
  },
} as const satisfies Record<string, ErrorDefinition>;

/** The code of an error: a key of {@link errors}. */
export type ErrorCode = keyof typeof errors;

/** Facts that fill the `{name}` places of an error's text. Never the value of an HL7 field. */
export type ErrorFacts = Readonly<Record<string, string | number | undefined>>;

/** The definition of `code`, as the general type. */
export function errorDefinition(code: ErrorCode): ErrorDefinition {
  return errors[code];
}

/** An error from the table. `at` is a place: an HL7 path, or `file:line:column`. */
export class PipehatError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;
  readonly at: string | undefined;

  constructor(
    code: ErrorCode,
    facts: ErrorFacts = {},
    more: { at?: string | undefined; cause?: unknown } = {},
  ) {
    super(fillIn(errors[code].says, facts), more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'PipehatError';
    this.code = code;
    this.facts = facts;
    this.at = more.at;
  }

  get class(): ErrorClass {
    return errors[this.code].class;
  }

  get advice(): string {
    return fillIn(errors[this.code].advice, this.facts);
  }
}

function fillIn(template: string, facts: ErrorFacts): string {
  return template.replace(/\{(\w+)\}/g, (place, name: string) => String(facts[name] ?? place));
}
