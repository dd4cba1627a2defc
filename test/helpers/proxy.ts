import { createServer, request } from 'node:http';

/** What to do with one call: `pass` it, pass it and lose the answer (`reset`), or answer in its place. */
export type Verdict =
  | 'pass'
  | 'reset'
  | 'hang'
  | { readonly status: number; readonly body: string; readonly headers?: Record<string, string> };

export interface Between {
  readonly address: string;
  stop(): Promise<void>;
}

/**
 * Stands between us and a real Data Plane API, for moments and answers that the real one gives only by chance.
 * `judge` sees `PUT /v3/…` before the call goes on, and may take its time. `target` null: nothing is passed.
 */
export async function startProxy(
  target: string | null,
  judge: (call: string) => Verdict | Promise<Verdict>,
): Promise<Between> {
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const verdict = await judge(`${incoming.method} ${incoming.url}`);
    if (verdict === 'hang') return;
    if (typeof verdict === 'object') {
      outgoing.writeHead(verdict.status, verdict.headers).end(verdict.body);
      return;
    }
    const passed = request(
      new URL(incoming.url ?? '/', target ?? 'http://127.0.0.1:1'),
      { method: incoming.method ?? 'GET', headers: incoming.headers },
      (answer) => {
        if (verdict === 'reset') {
          answer.resume().on('end', () => outgoing.destroy());
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      },
    );
    passed.on('error', () => outgoing.destroy());
    passed.end(Buffer.concat(chunks));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    address: `http://127.0.0.1:${address.port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
