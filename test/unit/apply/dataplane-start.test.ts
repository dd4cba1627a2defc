import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDataplaneApplier } from '../../../src/apply/dataplane.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { addressOf } from '../../helpers/dataplane-address.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dataplane-start-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Calls of one read that fails, with one retry where nothing else is said. */
async function callsOf(socket: string): Promise<number> {
  let calls = 0;
  const applier = createDataplaneApplier({
    address: addressOf(`unix:${socket}`),
    user: 'admin',
    passwordFile: '',
    password: 'x',
    sectionName: 'haproxy-peers',
    env: {},
    log: capturedLog().log,
    timeoutMs: 50,
    commitTimeoutMs: 50,
    retry: { limit: 1, minMs: 2, maxMs: 10 },
    onCall: () => {
      calls += 1;
    },
  });
  const reading = applier.read(AbortSignal.timeout(10_000));
  await expect(reading).rejects.toMatchObject({ code: 'DATAPLANE_UNREACHABLE' });
  await applier.close();
  return calls;
}

it('asks more often than otherwise while nobody listens yet', async () => {
  expect(await callsOf(join(directory, 'nobody.sock'))).toBe(4);
});

it('does not wait longer than otherwise for one who listens and does not answer', async () => {
  const socket = join(directory, 'mute.sock');
  const server = createServer(() => {}).listen(socket);

  expect(await callsOf(socket)).toBe(2);
  server.close();
});
