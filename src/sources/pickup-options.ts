/** The options that all sources of files share. */
import Type from 'typebox';

/** Options of picking up, beside those that say where. */
export const pickupOptions = {
  patterns: Type.Array(Type.String({ minLength: 1 }), {
    default: ['*.hl7'],
    minItems: 1,
    description:
      'Names of files to pick up, as globs. Names that start with a dot or end in .part, .partial, .filepart, .tmp, .temp or ~ are always left alone.',
  }),
  poll_ms: Type.Integer({
    default: 1000,
    minimum: 1,
    maximum: 86_400_000,
    description: 'How often the folder is looked at. Shares of the network tell nobody of new files.',
  }),
  stable_ms: Type.Integer({
    default: 2000,
    minimum: 0,
    maximum: 86_400_000,
    description:
      'A file is picked up when its size and time have not changed for so long. 0 = at once: only where senders rename finished files into the folder.',
  }),
  order: Type.Enum(['name', 'time'], {
    default: 'name',
    description: 'Order in which files are picked up that are there together.',
  }),
  after: Type.Enum(['archive', 'delete'], {
    default: 'archive',
    description: 'What happens to a file of which every message was taken.',
  }),
  archive: Type.String({
    default: 'archive',
    minLength: 1,
    description: 'Folder for files that are done, absolute or below the path. On the same file system.',
  }),
  archive_by_day: Type.Boolean({
    default: true,
    description: 'A subfolder of the archive for each day (UTC), such as 2026-03-17.',
  }),
  error: Type.String({
    default: 'error',
    minLength: 1,
    description:
      'Folder for files of which something was refused, each with a NAME.error.json that says what and why. Absolute or below the path, on the same file system.',
  }),
  acks: Type.Boolean({
    default: false,
    description:
      'Write the answers to the messages of NAME.hl7 into NAME.ack.hl7, in the folder where the file goes.',
  }),
  max_bytes: Type.Integer({
    default: 1024 * 1024 * 1024,
    minimum: 1,
    description: 'A larger file is refused. Memory holds one message of a file, not all of them.',
  }),
  batch_counts: Type.Enum(['reject', 'warn'], {
    default: 'reject',
    description:
      'When counts or envelopes (FHS, BHS, BTS, FTS) are not as they should be: refuse the whole file before anything of it is taken, or take it and log a warning.',
  }),
  claim_ms: Type.Integer({
    default: 15_000,
    minimum: 100,
    description:
      'Several engines may pick up from one folder. A file that one of them took is taken over when it gave no sign of life for so long.',
  }),
};

const schema = Type.Object(pickupOptions);

/** The options as checked. */
export type PickupOptions = Type.Static<typeof schema>;
