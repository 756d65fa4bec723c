/** Where the master key comes from: a reference in `pipehat.yaml`, or a file that only its owner can read. */
import { readFile, writeFile } from 'node:fs/promises';
import { newMasterKey, parseMasterKey } from './keys.ts';

/** Reads the key file; makes one on first use, readable by its owner alone. Throws `master-key-bad`. */
export async function masterKeyFile(file: string): Promise<Buffer> {
  try {
    return parseMasterKey(await readFile(file, 'utf8'), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const text = newMasterKey();
  // wx: two engines that start at once must not write two keys. Flushed: what it seals will outlast a power cut, so must it.
  await writeFile(file, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true });
  return parseMasterKey(text, file);
}
