import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { renderHaproxyCfg } from '../../src/config-text/render.ts';
import { command } from '../../src/haproxy/socket.ts';
import { sectionName } from './haproxy-stand.ts';
import { type Replica, replicaTemplate } from './replica.ts';
import type { Stage, StageOptions } from './stage.ts';

/** Start-up delay of the tool we replace. */
const startDelayMs = 2000;

/** The template with these siblings, as somebody without `init` would write it. */
export function writeConfig(replica: Replica, siblings: readonly Replica[]): void {
  const { text } = renderHaproxyCfg({
    template: replicaTemplate(replica.address, replica.ports.web),
    self: replica,
    members: siblings.map(({ name, address }) => ({ name, address, terminating: false })),
    sectionName,
    port: replica.ports.peers,
    user: 'admin',
    userlist: 'dataplaneapi',
    passwordHash: '$6$naive$naive',
    password: '',
    adminSocket: replica.adminSocket,
    env: {},
  });
  writeFileSync(replica.configFile, text);
}

function siblingsOf(stage: Stage): readonly Replica[] {
  const there = stage.actors.filter(({ phase }) => phase !== 'gone' && phase !== 'killed');
  return there.map(({ replica }) => replica);
}

/** Start alone, wait, then write the siblings and reload; and again at once on every event. */
export function createNaiveWay(): Pick<StageOptions, 'raise' | 'onEvent'> {
  // One reload of a replica after another: the strategy is naive, not broken.
  const turns = new Map<Replica, Promise<void>>();

  function reload(replica: Replica, stage: Stage): Promise<void> {
    const turn = (turns.get(replica) ?? Promise.resolve()).then(async () => {
      writeConfig(replica, siblingsOf(stage));
      await command(replica.masterSocket, 'reload', { timeoutMs: 30_000 }).catch(() => {});
    });
    turns.set(replica, turn);
    return turn;
  }

  return {
    async raise(replica, stage) {
      writeConfig(replica, [replica]);
      await replica.startHaproxy();
      await sleep(startDelayMs);
      await reload(replica, stage);
    },
    onEvent(stage) {
      // A replica that ends meanwhile has nothing to write to.
      for (const replica of stage.alive()) reload(replica, stage).catch(() => {});
    },
  };
}
