/** Tokens of the HTTP API: made, kept as a hash and written into the audit in one transaction. */
import { newToken, tokenHash } from '../security/tokens.ts';
import type { Writer } from '../store/audit.ts';
import { addToken } from '../store/tokens.ts';

/** Makes a token under the name of its owner and gives it: the only time that it is seen. `by`: who asked, if a person did. */
export async function createToken(writer: Writer, name: string, by?: string): Promise<string> {
  const token = newToken();
  await writer.run(async (transaction) => {
    await addToken(transaction, tokenHash(token), name);
    transaction.audit('token', name, 'created', ...(by === undefined ? [] : ([by] as const)));
  });
  return token;
}
