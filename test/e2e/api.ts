/** The HTTP API of a running engine, as a program uses it. */
import type { MessageSummary, Trace } from '../../src/api/messages.schema.ts';
import type { Status } from '../../src/api/status.schema.ts';
import { until } from './until.ts';

/** Requests with a token. Those with a type reject when the answer is not of status 2xx. */
export interface Api {
  status(): Promise<Status>;
  /** Resolves when no message and no delivery waits. */
  idle(): Promise<void>;
  /** `query` as in a URL. */
  messages(query?: string): Promise<MessageSummary[]>;
  trace(id: string, query?: string): Promise<Trace>;
  /** Any request, whatever its answer. */
  request(method: string, path: string): Promise<{ status: number; text: string }>;
}

/** `address` is `host:port`. */
export function createApi(address: string, token: string): Api {
  async function request(method: string, path: string): Promise<{ status: number; text: string }> {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`http://${address}${path}`, { method, headers });
    return { status: response.status, text: await response.text() };
  }
  async function get<Body>(path: string): Promise<Body> {
    const { status, text } = await request('GET', path);
    if (status !== 200) throw new Error(`GET ${path} was answered ${status}: ${text}`);
    return JSON.parse(text) as Body;
  }
  const status = (): Promise<Status> => get<Status>('/v1/status');
  return {
    status,
    idle: () =>
      until(async () => {
        const { channels, destinations } = await status();
        return [...channels, ...destinations].every(({ waiting }) => waiting === 0);
      }),
    messages: async (query = '') =>
      (await get<{ messages: MessageSummary[] }>(`/v1/messages${query}`)).messages,
    trace: (id, query = '') => get<Trace>(`/v1/messages/${id}${query}`),
    request,
  };
}
