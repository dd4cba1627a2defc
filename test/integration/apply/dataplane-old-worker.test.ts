import { expect, it } from 'vitest';
import { showProc } from '../../../src/haproxy/master.ts';
import { changes, entry } from '../../contract/applier.case.ts';
import { eventually } from '../../helpers/eventually.ts';
import type { DataplaneStand } from '../../rig/dataplane-stand.ts';
import { forEachDataplane } from '../../rig/dataplane-suite.ts';

const never = new AbortController().signal;

/** A worker that starts slowly: until it is up, whatever is sent to `@1` reaches the old one. */
const slowly = Array.from(
  { length: 4000 },
  (_, index) => `backend slow-${index}\n  server one 127.0.0.1:9\n  server two 127.0.0.1:9\n`,
).join('');

function rewrite(text: string): string {
  return `${text.replace(/^global$/m, 'global\n  hard-stop-after 5s')}${slowly}`;
}

async function oldWorkers(on: DataplaneStand) {
  const processes = await showProc(on.masterSocket);
  return processes.filter(({ kind }) => kind === 'old-worker');
}

/*
 * The Data Plane API v3 listens to events of HAProxy from 3.2 on (`@@1 show events dpapi -w` on the master socket; dataplaneapi
 * client-native/events.go). A reload cuts it off; it connects again at once, and may reach the old worker, which then has a
 * session that does not end. It is cut off again by the next reload.
 */
forEachDataplane('old workers', (suite) => {
  it('keeps one of them at most, and none for longer than hard-stop-after', async () => {
    const on = await suite.given(['peer a 127.0.0.1:PORT'], { rewrite });
    const subject = suite.make(on);

    for (const [index, name] of ['b', 'c', 'd', 'e'].entries()) {
      const add = [entry(name, '127.0.0.1', 1001 + index)];
      await subject.apply(await subject.read(never), changes({ add }), never);
      await eventually(async () => (await oldWorkers(on)).length <= 1, { timeoutMs: 4000 });
    }

    expect(await on.runningNames()).toEqual(['a', 'b', 'c', 'd', 'e']);
    await eventually(async () => (await oldWorkers(on)).length === 0, { timeoutMs: 12_000 });
  });
});
