import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { createDataplaneApplier } from '../../../src/apply/dataplane.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { addressOf } from '../../helpers/dataplane-address.ts';
import { testFolder } from '../../helpers/test-folder.ts';

let directory: string;
beforeEach(() => {
  directory = testFolder();
});

/** When one read that fails has called, in milliseconds, with one retry after 30 ms or more where nothing else is said. */
async function callsOf(socket: string, code: string): Promise<readonly number[]> {
  const calls: number[] = [];
  const applier = createDataplaneApplier({
    address: addressOf(`unix:${socket}`),
    user: 'admin',
    passwordFile: '',
    password: 'x',
    owners: [],
    log: capturedLog().log,
    timeoutMs: 50,
    commitTimeoutMs: 50,
    retry: { limit: 1, minMs: 30, maxMs: 60 },
    onCall: () => calls.push(performance.now()),
  });
  const reading = applier.read(AbortSignal.timeout(10_000));
  await expect(reading).rejects.toMatchObject({ code });
  await applier.close();
  return calls;
}

it('asks more often than otherwise while nobody listens yet', async () => {
  expect(await callsOf(join(directory, 'nobody.sock'), 'DATAPLANE_UNREACHABLE')).toHaveLength(4);
});

it('does not wait longer than otherwise for one who listens and does not answer', async () => {
  const socket = join(directory, 'mute.sock');
  const server = createServer(() => {}).listen(socket);

  expect(await callsOf(socket, 'DATAPLANE_UNREACHABLE')).toHaveLength(2);
  server.close();
});

it('leaves one who listens and is not ready yet the time that it has otherwise', async () => {
  const socket = join(directory, 'early.sock');
  // A fake for a moment that a real one does not hold: it answers 401 for some 200 ms while it reads its file.
  const server = createHttpServer((_, response) => response.writeHead(401).end('{}')).listen(
    socket,
  );

  const [first = 0, second = 0, ...more] = await callsOf(socket, 'DATAPLANE_UNAUTHORIZED');
  server.close();

  expect(more).toEqual([]);
  expect(second - first).toBeGreaterThanOrEqual(30);
});
