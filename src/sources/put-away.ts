/** Where a file goes once it was taken: archive, error folder, or nowhere. */
import { posix } from 'node:path';
import { type Files, publish } from './files.ts';
import type { Taken } from './pickup-file.ts';
import type { PickupOptions } from './pickup-options.ts';

/** What putting away needs. */
export interface PutAwayOptions {
  readonly files: Files;
  /** Where files are picked up: where the paths of archive and error folder start. */
  readonly path: string;
  readonly options: Pick<PickupOptions, 'after' | 'archive' | 'archive_by_day' | 'error' | 'acks'>;
  readonly now: () => Date;
}

/** Puts the file at `path` away and gives its new path, or `deleted`. What belongs to it is there before the file is. */
export type PutAway = (path: string, name: string, taken: Taken & { kind: 'done' }) => Promise<string>;

/** Puts files away as the options say. No file is ever overwritten. */
export function createPutAway({ files, path, options, now }: PutAwayOptions): PutAway {
  const { after, archive_by_day, acks } = options;
  const archive = posix.resolve(path, options.archive);
  const error = posix.resolve(path, options.error);

  /** The name, with the time where it is taken: `a.hl7`, then `a.20260317T090000000Z.hl7`. */
  const freeName = async (folder: string, name: string): Promise<string> => {
    if (!(await files.exists(posix.join(folder, name)))) return name;
    const { name: stem, ext } = posix.parse(name);
    const time = now().toISOString().replaceAll(/[-:.]/g, '');
    for (let n = 1; ; n++) {
      const other = `${stem}.${time}${n === 1 ? '' : `-${n}`}${ext}`;
      if (!(await files.exists(posix.join(folder, other)))) return other;
    }
  };

  return async (from, name, taken) => {
    const { accepted, refused, more } = taken;
    const isWell = refused.length === 0;
    const day = archive_by_day ? now().toISOString().slice(0, 10) : '';
    const folder = isWell ? posix.join(archive, day) : error;
    const isKept = !isWell || after === 'archive';
    if (isKept || acks) await files.makeFolder(folder);
    const free = isKept || acks ? await freeName(folder, name) : name;
    if (acks) {
      const answers = posix.join(folder, `${posix.parse(free).name}.ack.hl7`);
      await publish(files, answers, Buffer.concat(taken.acks));
    }
    if (!isWell) {
      const report = { file: name, accepted, refused, ...(more === 0 ? {} : { not_listed: more }) };
      const json = `${JSON.stringify(report, null, 2)}\n`;
      await publish(files, posix.join(folder, `${free}.error.json`), Buffer.from(json));
    }
    if (!isKept) {
      await files.remove(from);
      return 'deleted';
    }
    await files.move(from, posix.join(folder, free));
    return posix.join(folder, free);
  };
}
