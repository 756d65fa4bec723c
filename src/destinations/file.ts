/** Deliveries as lines of JSON in a file, each on the disk before it counts as accepted, and each once. */
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Type from 'typebox';
import { type Attempt, type Body, type Delivery, defineDestination } from '../component.ts';
import { PipehatError } from '../errors.ts';
import { putBackText } from '../hl7/put-back.ts';
import { createLineFile, type LineFile } from './line-file.ts';

const options = Type.Object(
  {
    path: Type.String({
      minLength: 1,
      description:
        'The file, absolute or in the data folder. It is made if it is missing; its folder must exist. No other system may write there.',
    }),
    content: Type.Union([Type.Literal('event'), Type.Literal('hl7')], {
      default: 'event',
      description:
        'What a line holds. event: {"delivery", "message", "event"}, the canonical event. hl7: {"delivery", "message", "hl7"}, the message as text.',
    }),
  },
  { additionalProperties: false },
);

/** The destination `file`. */
export const file = defineDestination({
  type: 'file',
  summary: 'Appends each delivery to a file, as one line of JSON.',
  options,
  takes: ({ content }) => content,
  create({ path, content }, { log, folder }) {
    const lines = createLineFile(resolve(folder, path));
    return {
      deliver: (delivery) => deliver(delivery, content, lines),
      ping: () => lines.probe(),
      async stop(deadline_ms) {
        const closed = lines.close().catch((error: NodeJS.ErrnoException) => {
          log.warn('file not closed', { path, reason: error.code });
        });
        // A disk that hangs must not keep the engine from stopping.
        await Promise.race([closed, setTimeout(deadline_ms, undefined, { ref: false })]);
      },
    };
  },
});

async function deliver(
  { id, message_id, body, attachments }: Delivery,
  content: Body['kind'],
  lines: LineFile,
): Promise<Attempt> {
  if (body.kind !== content) throw new TypeError(`this destination takes ${content}`);
  const written = {
    message: message_id,
    ...(body.kind === 'event' ? { event: body.event } : { hl7: body.text }),
  };
  const request = JSON.stringify(written);
  try {
    const whole = attachments.length === 0 ? request : await putBackText(request, attachments, inJson);
    const status = await lines.append(id, whole);
    return { outcome: 'accepted', status, request, response: status };
  } catch (error) {
    if (!(error instanceof PipehatError)) throw error;
    return { outcome: error.class, code: error.code, says: error.message, request, response: '' };
  }
}

/** As it stands in a string of JSON: HL7 text may hold quotes and backslashes. */
function inJson(content: string): string {
  return JSON.stringify(content).slice(1, -1);
}
