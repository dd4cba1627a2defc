import { once } from 'node:events';
import { connect } from 'node:net';
import got from 'got';
import { afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { createMetrics } from '../../../src/modules/metrics.ts';
import {
  type ConnectionLimits,
  defaultLimits,
  type Ended,
} from '../../../src/telemetry/connections.ts';
import { expose } from '../../../src/telemetry/exposition.ts';
import { type Check, type HttpServer, startHttpServer } from '../../../src/telemetry/http.ts';
import { eventually } from '../../helpers/eventually.ts';

const servers: HttpServer[] = [];
const ok: Check = { ok: true, reasons: [] };
const metrics = createMetrics({ version: '1.2.3', node: '24.0.0' });

interface Part {
  live?: Check;
  ready?: Check;
  port?: number;
  limits?: Partial<ConnectionLimits>;
  onEnded?: (why: Ended) => void;
  status?: (sampled: boolean) => Promise<unknown>;
}

async function started(part: Part = {}): Promise<string> {
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: part.port ?? 0,
    live: () => part.live ?? ok,
    ready: () => part.ready ?? ok,
    limits: { ...defaultLimits, ...part.limits },
    onEnded: part.onEnded,
    status: async (sampled) => {
      if (part.status !== undefined) return part.status(sampled);
      if (part.live?.ok === false) throw new Error('no status');
      return { name: 'a' };
    },
    metrics: (format) => expose(metrics.registry, format),
  });
  servers.push(server);
  return `http://127.0.0.1:${server.port}`;
}

/** What comes back for bytes sent as they are, until the connection ends. */
function sent(base: string, ...parts: readonly string[]): Promise<string> {
  const socket = connect(Number(new URL(base).port), '127.0.0.1');
  return new Promise((resolve) => {
    let text = '';
    socket.setNoDelay().setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve(text));
    const next = (at: number): void => {
      if (at < parts.length) socket.write(parts[at] ?? '', () => setImmediate(next, at + 1));
    };
    next(0);
  });
}

const livez = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n';

function get(url: string) {
  return got(url, { throwHttpErrors: false, retry: { limit: 0 } });
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe('startHttpServer', () => {
  it('answers live and ready with 200 when all is well', async () => {
    const base = await started();

    expect(await get(`${base}/livez`)).toMatchObject({ statusCode: 200, body: 'ok\n' });
    expect(await get(`${base}/readyz?verbose`)).toMatchObject({ statusCode: 200 });
  });

  it('answers 503 with the reasons when it is not ready, and is still live', async () => {
    const base = await started({
      ready: { ok: false, reasons: ['this replica has not finished its resync'] },
    });

    expect(await get(`${base}/readyz`)).toMatchObject({
      statusCode: 503,
      body: 'this replica has not finished its resync\n',
    });
    expect((await get(`${base}/livez`)).statusCode).toBe(200);
  });

  it('answers the status as JSON', async () => {
    const { body, headers } = await get(`${await started()}/status`);

    expect(headers['content-type']).toContain('application/json');
    expect(JSON.parse(body)).toEqual({ name: 'a' });
    const failing = await started({ live: { ok: false, reasons: [] } });
    expect((await get(`${failing}/status`)).statusCode).toBe(500);
  });

  it.each([
    ['/status', false],
    ['/status?sample', true],
    ['/status?sample=1', true],
    ['/status?x=1&sample', true],
    ['/status?samples', false],
    ['/status?', false],
    ['/status#?sample', false],
  ])('takes samples only where they are asked for: %s', async (path, sampled) => {
    const base = await started({ status: async (asked) => ({ asked }) });

    const answer = await sent(base, `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);

    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain(`{"asked":${sampled}}`);
  });

  it('shows every metric with a help text', async () => {
    const base = await started();

    const { body, headers } = await get(`${base}/metrics`);

    expect(headers['content-type']).toContain('text/plain');
    expect(body).toContain('haproxy_peer_sync_build_info{version="1.2.3",node="24.0.0"} 1');
    expect(body.match(/^# HELP /gm)).toHaveLength(metrics.registry.getMetricsAsArray().length);
  });

  it('refuses other paths and methods', async () => {
    const base = await started();

    expect((await get(`${base}/`)).statusCode).toBe(404);
    expect((await got.post(`${base}/livez`, { throwHttpErrors: false })).statusCode).toBe(405);
  });

  it('says what to do when the port is taken', async () => {
    const taken = Number(new URL(await started()).port);

    await expect(started({ port: taken })).rejects.toThrow(UserError);
  });

  it('reads a request in single bytes', async () => {
    expect(await sent(await started(), ...livez)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok\n$/s);
  });

  it('answers one request of a connection, however many are sent', async () => {
    const text = await sent(await started(), livez.repeat(1000));

    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(text).toContain('connection: close');
  });

  it('answers HEAD without a body, a whole URL, HTTP/1.0, and who has ended his side', async () => {
    const base = await started();

    expect(await sent(base, livez.replace('GET', 'HEAD'))).toMatch(
      /content-length: 3\r\n.*\r\n\r\n$/s,
    );
    expect(await sent(base, livez.replace('/livez', `${base}/livez?x=/`))).toMatch(
      /^HTTP\/1.1 200/,
    );
    expect(await sent(base, 'GET /livez HTTP/1.0\n\n')).toMatch(/^HTTP\/1.1 200/);
    const socket = connect({ port: Number(new URL(base).port), allowHalfOpen: true });
    socket.end(livez);
    const [chunk] = await once(socket, 'data');
    expect(String(chunk)).toMatch(/^HTTP\/1.1 200/);
  });

  it.each([
    ['what is no request', 'hello\r\n\r\n', 400],
    ['another version', 'GET / HTTP/2.0\r\n\r\n', 400],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\r\n\r\n', 400],
    ['a head without end', `GET / HTTP/1.1\r\n${'x'.repeat(8200)}`, 431],
    ['another method', 'DELETE /livez HTTP/1.1\r\n\r\n', 405],
  ])('refuses %s', async (_what, text, status) => {
    expect(await sent(await started(), text)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it('lets in who comes last, and ends the oldest for it', async () => {
    const ended: Ended[] = [];
    const base = await started({ limits: { connections: 3 }, onEnded: (why) => ended.push(why) });
    const idle = [sent(base), sent(base), sent(base)];
    await eventually(async () => expect((await get(`${base}/livez`)).statusCode).toBe(200));

    expect(await idle[0]).toBe('');
    expect(ended[0]).toBe('crowded');
  });

  it('ends who sends or reads for too long, and who sends too much', async () => {
    const ended: Ended[] = [];
    const base = await started({ limits: { lifetimeMs: 100 }, onEnded: (why) => ended.push(why) });

    expect(await sent(base, 'GET /livez')).toBe('');
    expect(await sent(base, `${livez}${'x'.repeat(200_000)}`)).toMatch(/^(HTTP|$)/);
    await eventually(() => expect(ended).toEqual(['slow', 'excess']));
  });

  it('makes one status for all who ask in the same moment', async () => {
    let made = 0;
    const base = await started({
      status: async () => {
        made += 1;
        await new Promise(setImmediate);
        return { made };
      },
    });

    const bodies = await Promise.all(
      Array.from({ length: 50 }, () => got(`${base}/status`).json()),
    );

    expect(made).toBeLessThan(10);
    expect(bodies).toHaveLength(50);
    await eventually(async () => expect(await got(`${base}/status`).json()).not.toEqual(bodies[0]));
  });
});
