/*
 * A sidecar as far as links go, in a process of its own: to be stopped, killed, and started anew. Its options are JSON in
 * the first argument. It prints the names it is linked with whenever they change.
 */
import { monotonicNow } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { createLinks } from '../../../src/modules/relay/links/links.ts';

const { own, port, host, membership, key } = JSON.parse(process.argv[2] ?? '{}');

function show(): void {
  const names = links.links().map(({ other }) => other.pod);
  process.stdout.write(`${JSON.stringify(names.toSorted())}\n`);
}

const links = createLinks({
  ...{ own, port, host, selfName: own.pod, plaintext: false, now: monotonicNow },
  members: () => membership,
  keys: () => Promise.resolve([Buffer.from(key)]),
  log: createLog('silent'),
  onLink(link) {
    show();
    void link.closed.then(show);
  },
});
await links.start(new AbortController().signal);
