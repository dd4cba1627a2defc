import type { Server } from 'node:net';
import { UserError } from '../errors.ts';
import { type ConnectionOptions, createConnections, type Reply, textReply } from './connections.ts';
import { type Exposition, type Format, wantsOpenMetrics } from './exposition.ts';
import type { Request } from './request.ts';
import { shared } from './shared.ts';

export interface Check {
  readonly ok: boolean;
  readonly reasons: readonly string[];
}

export interface HttpServerOptions extends ConnectionOptions {
  /** Empty host: all addresses, both families. Port 0 picks a free one. */
  readonly host: string;
  readonly port: number;
  readonly live: () => Check;
  readonly ready: () => Check;
  /** Anything that becomes JSON; with samples of the tables where they are asked for. */
  readonly status: (sampled: boolean) => Promise<unknown>;
  readonly metrics: (format: Format) => Promise<Exposition>;
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** How long a status, and metrics in each format, are reused, in milliseconds. Probes are never reused. */
const freshMs = 200;

/**
 * Connections that wait to be accepted; the kernel allows 4,096 (net.core.somaxconn). In a flood, a probe waits among
 * them.
 */
const backlog = 4096;

/** `/status?sample`: older sidecars take it for `/status`. */
function isSampled(query: string): boolean {
  return query.split('&').some((each) => /^sample(=|$)/.test(each));
}

function checkReply({ ok, reasons }: Check): Reply {
  return textReply(ok ? 200 : 503, ok ? 'ok\n' : `${reasons.join('\n')}\n`);
}

/** The answer for each path. Expensive answers are computed once for all requests of the same moment. */
function createAnswers(options: HttpServerOptions): (request: Request) => Reply | Promise<Reply> {
  const statusWith = (sampled: boolean) =>
    shared(async (): Promise<Reply> => {
      const body = Buffer.from(`${JSON.stringify(await options.status(sampled))}\n`);
      return { status: 200, type: 'application/json; charset=utf-8', body };
    }, freshMs);
  const status = { plain: statusWith(false), sampled: statusWith(true) };
  const metricsIn = (format: Format) =>
    shared(async (): Promise<Reply> => {
      const { contentType, text } = await options.metrics(format);
      return { status: 200, type: contentType, body: Buffer.from(text), vary: 'accept' };
    }, freshMs);
  const metrics = { text: metricsIn('text'), openmetrics: metricsIn('openmetrics') };

  return ({ method, path, query, accept }) => {
    if (method !== 'GET' && method !== 'HEAD') return textReply(405, 'GET only\n');
    if (path === '/livez') return checkReply(options.live());
    if (path === '/readyz') return checkReply(options.ready());
    if (path === '/status') return status[isSampled(query) ? 'sampled' : 'plain']();
    if (path === '/metrics') return metrics[wantsOpenMetrics(accept) ? 'openmetrics' : 'text']();
    return textReply(404, 'not found: /livez, /readyz, /status, /metrics\n');
  };
}

/** `/livez`, `/readyz`, `/status`, `/metrics`, plain HTTP. Resolves when it listens; a port that is taken is a UserError. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { server, endAll } = createConnections(createAnswers(options), options);
  await listen(server, options);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        endAll();
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
    server.listen({ port, backlog, ...(host === '' ? {} : { host }) }, () => resolve());
  });
}
