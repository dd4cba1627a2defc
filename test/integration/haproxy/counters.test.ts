import { Agent, get } from 'node:http';
import { expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { ownNetwork } from '../../rig/network.ts';
import { createPair } from '../../rig/pair.ts';
import type { Replica } from '../../rig/replica.ts';
import { heldEntries } from '../../rig/table.ts';

/** What the README says that peers do not do. 2.6 is what Debian and CI have on the path. */
const cases = [
  ['3.4', programs.haproxy34, ownNetwork()],
  ['3.0', programs.haproxy30, ownNetwork()],
  ['on the path', programs.haproxy, ownNetwork()],
] as const;
const requests = 2000;

function request(replica: Replica, session: string, agent: Agent): Promise<number> {
  const { address: host, ports } = replica;
  return new Promise((resolve, reject) => {
    get({ host, port: ports.web, path: `/?session=${session}`, agent }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    }).on('error', reject);
  });
}

async function counted(replica: Replica, session: string): Promise<number> {
  return (await heldEntries(replica)).get(session) ?? 0;
}

for (const [title, haproxy, network] of cases) {
  it(`HAProxy ${title} shares a counter and does not add it up`, {
    ...unless(missingOf({ [`HAProxy ${title}`]: haproxy })),
    timeout: 60_000,
  }, async ({ onTestFinished }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 50 });
    onTestFinished(() => agent.destroy());
    const { writer, reader, close } = await createPair(haproxy ?? '', network);
    onTestFinished(close);
    const both = [writer, reader];

    // One after the other: what a replica counts goes on from what the other has counted.
    for (let round = 1; round <= 10; round++) {
      const at = both[round % 2] as Replica;
      expect(await request(at, 'in-turn', agent)).toBe(200);
      await eventually(
        async () => (await counted(both[(round + 1) % 2] as Replica, 'in-turn')) === round,
      );
    }

    // At the same time: each sends its own value, and it replaces the value of the other.
    const answers = await Promise.all(
      Array.from({ length: requests }, (_, index) =>
        request(both[index % 2] as Replica, 'at-once', agent),
      ),
    );
    expect(new Set(answers)).toEqual(new Set([200]));
    await eventually(
      async () => (await counted(writer, 'at-once')) === (await counted(reader, 'at-once')),
      { timeoutMs: 20_000 },
    );
    const shared = await counted(writer, 'at-once');
    console.log(`HAProxy ${title}: ${requests} requests at the same time count ${shared}`);
    expect(shared).toBeGreaterThan(0);
    expect(shared).toBeLessThan(requests);
  });
}
