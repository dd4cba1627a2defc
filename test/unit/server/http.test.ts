import got from 'got';
import { afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { expose } from '../../../src/server/exposition.ts';
import { type Check, type HttpServer, startHttpServer } from '../../../src/server/http.ts';
import { createMetrics } from '../../../src/server/metrics.ts';

const servers: HttpServer[] = [];
const ok: Check = { ok: true, reasons: [] };
const metrics = createMetrics({ version: '1.2.3', node: '24.0.0' });

async function started(part: { live?: Check; ready?: Check; port?: number } = {}): Promise<string> {
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: part.port ?? 0,
    live: () => part.live ?? ok,
    ready: () => part.ready ?? ok,
    status: async () => {
      if (part.live?.ok === false) throw new Error('no status');
      return { name: 'a' };
    },
    metrics: (accept) => expose(metrics.registry, accept),
  });
  servers.push(server);
  return `http://127.0.0.1:${server.port}`;
}

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
    const base = await started({ ready: { ok: false, reasons: ['own resync is not finished'] } });

    expect(await get(`${base}/readyz`)).toMatchObject({
      statusCode: 503,
      body: 'own resync is not finished\n',
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
});
