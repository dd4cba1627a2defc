import { get } from 'node:http';
import { type Status, statusSchema } from './status-schema.ts';

/** A status of 1,000 peers is about 200 KB. */
const answerLimit = 8 * 1024 * 1024;

/**
 * The status that the sidecar at `address` tells of its replica, or null: it is not up yet, does not answer in time, a
 * NetworkPolicy is between, or it is of a version without `/status`. Never throws.
 */
export function askStatus(
  address: string,
  port: number,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Status | null> {
  return new Promise((resolve) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const options = { host: address, port, path: '/status', agent: false, signal: limit };
    const request = get(options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > answerLimit) request.destroy();
        else chunks.push(chunk);
      });
      response.on('error', () => resolve(null));
      response.on('close', () => resolve(null));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve(response.statusCode === 200 ? parseStatus(text) : null);
      });
    });
    request.on('error', () => resolve(null));
  });
}

/** The status in a text, or null where it is none. */
export function parseStatus(text: string): Status | null {
  try {
    return statusSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
