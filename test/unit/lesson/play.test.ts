import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { waitedForBytes } from '../../../src/lesson/play.ts';
import { connectTo } from '../../../src/modules/relay/legs/connection.ts';
import { testFolder } from '../../helpers/test-folder.ts';

it('what is given without a copy is waited for: its place is used again', async () => {
  const path = join(testFolder(), 'haproxy.sock');
  // It reads nothing at first, as a HAProxy that is busy.
  const server = createServer({ pauseOnConnect: true }).listen(path);
  const accepted = once(server, 'connection');
  await once(server, 'listening');
  const connection = connectTo({ path }, '');
  const [socket] = await accepted;
  const drained = new Promise<void>((resolve) => connection.onDrain(resolve));
  const bytes = Buffer.alloc(waitedForBytes, 'a');
  let got = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    got = Buffer.concat([got, chunk]);
  });

  expect(connection.write(bytes)).toBe(false);
  socket.resume();
  await drained;
  bytes.fill('b');
  connection.finishWriting();
  await once(socket, 'end');

  expect(got.equals(Buffer.alloc(waitedForBytes, 'a'))).toBe(true);
  connection.destroy('done');
  server.close();
});
