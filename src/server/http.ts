import { createServer, type Server, type ServerResponse } from 'node:http';
import { UserError } from '../errors.ts';
import type { Exposition } from './exposition.ts';

export interface Check {
  readonly ok: boolean;
  readonly reasons: readonly string[];
}

export interface HttpServerOptions {
  /** Empty host: all addresses, both families. Port 0 picks a free one. */
  readonly host: string;
  readonly port: number;
  readonly live: () => Check;
  readonly ready: () => Check;
  /** Anything that becomes JSON. */
  readonly status: () => Promise<unknown>;
  /** In the format that the Accept header asks for. */
  readonly metrics: (accept: string | undefined) => Promise<Exposition>;
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-store',
  });
  response.end(text);
}

function answerCheck(response: ServerResponse, check: Check): void {
  const text = check.ok ? 'ok' : check.reasons.join('\n');
  answer(response, check.ok ? 200 : 503, `${text}\n`);
}

/** `/livez`, `/readyz`, `/status`, `/metrics`, plain HTTP. Resolves when it listens; a port that is taken is a UserError. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, 'GET only\n');
    else if (path === '/livez') answerCheck(response, options.live());
    else if (path === '/readyz') answerCheck(response, options.ready());
    else if (path === '/status') {
      options.status().then(
        (status) => answer(response, 200, `${JSON.stringify(status)}\n`, 'application/json'),
        () => answer(response, 500, 'status failed\n'),
      );
    } else if (path === '/metrics') {
      options.metrics(request.headers.accept).then(
        ({ contentType, text }) => {
          response.writeHead(200, { 'content-type': contentType, vary: 'accept' });
          response.end(text);
        },
        () => answer(response, 500, 'metrics failed\n'),
      );
    } else answer(response, 404, 'not found: /livez, /readyz, /status, /metrics\n');
  });
  server.keepAliveTimeout = 5000;
  await listen(server, options);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new UserError('CONFIG_INVALID', `Cannot listen on ${host}:${port}: ${error.message}`, {
          hint: 'Give another --listen, or free the port.',
          cause: error,
        }),
      ),
    );
    server.listen({ port, ...(host === '' ? {} : { host }) }, () => resolve());
  });
}
