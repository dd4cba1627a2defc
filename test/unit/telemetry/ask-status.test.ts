import { afterEach, describe, expect, it } from 'vitest';
import { hello } from '../../../src/haproxy/hello.ts';
import { answerLimit } from '../../../src/model/answer-limit.ts';
import { askStatus, parseStatus } from '../../../src/telemetry/ask-status.ts';
import { startHttpServer } from '../../../src/telemetry/http.ts';
import type { Status } from '../../../src/telemetry/status-schema.ts';
import {
  endlessHello,
  type HostileServer,
  hostileServer,
  hostileStatus,
} from '../../helpers/hostile-server.ts';
import { status } from '../../helpers/status.ts';

const signal = new AbortController().signal;
const servers: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function hostile(...args: Parameters<typeof hostileServer>): Promise<HostileServer> {
  const server = await hostileServer(...args);
  servers.push(server);
  return server;
}

async function telling(told: Status): Promise<number> {
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    live: () => ({ ok: true, reasons: [] }),
    ready: () => ({ ok: true, reasons: [] }),
    status: async () => told,
    metrics: async () => ({ contentType: 'text/plain', text: '' }),
  });
  servers.push(server);
  return server.port;
}

/** Names of 63 letters, a hundred tables, and everything to be changed at once. */
function largest(): Status {
  const names = Array.from({ length: 1000 }, (_, index) => `${index}`.padStart(63, 'haproxy-'));
  const reasons = [`not connected again since the last reload: ${names.join(', ')}`];
  return status('haproxy', {
    members: { synced: true, names, notes: [] },
    peers: names.map((name, index) => ({
      name,
      address: '[fd00:1234:5678:9abc:def0:1234:5678:9abc]:3000',
      local: false,
      established: index % 2 === 0,
      lastStatus: 'ESTA',
      lag: 1_000_000,
    })),
    tables: Array.from({ length: 100 }, (_, index) => ({
      ...{ name: `${index}`.padStart(60, 'table-'), type: 'string' },
      ...{ size: 10_000_000, used: 1_000_000, shared: true },
    })),
    pending: { add: names, update: [], remove: [], decision: 'wait', reasons },
  });
}

describe('askStatus', () => {
  it('reads the status of 1,000 peers with names of 63 letters', async () => {
    const told = largest();
    expect(JSON.stringify(told).length).toBeLessThan(answerLimit);

    const port = await telling(told);

    const name = 'haproxy';
    expect(await askStatus('127.0.0.1', port, { timeoutMs: 5000, signal, name })).toEqual(told);
  });

  it('takes the answer of another peer for none', async () => {
    const port = await telling(status('b'));
    const ask = (name?: string) =>
      askStatus('127.0.0.1', port, {
        ...{ timeoutMs: 5000, signal },
        ...(name === undefined ? {} : { name }),
      });

    expect((await ask('b'))?.name).toBe('b');
    expect((await ask())?.name).toBe('b');
    expect(await ask('c')).toBeNull();
    expect(parseStatus(JSON.stringify(status('b')), 'c')).toBeNull();
  });

  it.each([
    ['a string of quotes that has no end', `"${'\\"'.repeat(250_000)}`],
    ['strings that have no end, one in the other', '"\\'.repeat(250_000)],
    ['one long string', JSON.stringify({ name: 'a'.repeat(500_000) })],
    ['lists that are not closed', '[1,'.repeat(170_000)],
    ['spaces', ' '.repeat(500_000)],
  ])('reads %s once', (_, text) => {
    const begun = performance.now();

    expect(parseStatus(text)).toBeNull();
    expect(performance.now() - begun).toBeLessThan(2000);
  });

  it('takes a status with brackets and quotes in its texts', () => {
    const told = status('a', { reasons: [`"[{\\"${'[{'.repeat(40)}\\`] });

    expect(parseStatus(JSON.stringify(told))).toEqual(told);
  });

  it('is over at once when it is stopped', async () => {
    const { port } = await hostile('127.0.0.1', 0, () => {});
    const stop = new AbortController();
    const asked = askStatus('127.0.0.1', port, { timeoutMs: 60_000, signal: stop.signal });

    stop.abort();

    expect(await asked).toBeNull();
    expect(
      await askStatus('127.0.0.1', port, { timeoutMs: 60_000, signal: stop.signal }),
    ).toBeNull();
  });

  it.each(Object.entries(hostileStatus))('is not held up by %s', async (_, answer) => {
    const { port } = await hostile('127.0.0.1', 0, answer);
    const startedAtMs = performance.now();

    const asked = Array.from({ length: 5 }, () =>
      askStatus('127.0.0.1', port, { timeoutMs: 500, signal }),
    );

    expect(await Promise.all(asked)).toEqual([null, null, null, null, null]);
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  });
});

describe('hello', () => {
  it('reads a line and no more', async () => {
    const { port } = await hostile('127.0.0.1', 0, endlessHello);
    const options = { address: '127.0.0.1', port, siblingName: 'b', ownName: 'a', signal };
    const startedAtMs = performance.now();

    expect(await hello({ ...options, timeoutMs: 10_000 })).toBe('no-answer');
    expect(performance.now() - startedAtMs).toBeLessThan(2000);
  });

  it('waits for a line that comes letter by letter as long as for any other', async () => {
    const { port } = await hostile('127.0.0.1', 0, hostileStatus['a letter now and then']);
    const options = { address: '127.0.0.1', port, siblingName: 'b', ownName: 'a', signal };

    expect(await hello({ ...options, timeoutMs: 300 })).toBe('no-answer');
  });
});
