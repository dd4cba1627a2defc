import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { renderHaproxyCfg } from '../../src/haproxy/render.ts';
import { command } from '../../src/haproxy/socket.ts';
import { peersPort, peersSection, type Replica, replicaTemplate } from '../helpers/replica.ts';
import type { Stage } from './stage.ts';

/** Start-up delay of the tool we replace. */
const startDelayMs = 2000;

function write(replica: Replica, siblings: readonly Replica[]): void {
  const { text } = renderHaproxyCfg({
    template: replicaTemplate(replica.address),
    self: replica,
    members: siblings.map(({ name, address }) => ({ name, address, terminating: false })),
    sectionName: peersSection,
    port: peersPort,
    user: 'admin',
    userlist: 'dataplaneapi',
    passwordHash: '$6$naive$naive',
    password: '',
    adminSocket: `${replica.directory}/run/admin.sock`,
    env: {},
  });
  writeFileSync(replica.configFile, text);
}

function siblingsOf(stage: Stage): readonly Replica[] {
  const there = stage.actors.filter(({ phase }) => phase !== 'gone' && phase !== 'killed');
  return there.map(({ replica }) => replica);
}

/** One reload of a replica after another: the strategy is naive, not broken. */
const turns = new Map<string, Promise<void>>();

function reload(replica: Replica, stage: Stage): Promise<void> {
  const turn = (turns.get(replica.directory) ?? Promise.resolve()).then(async () => {
    write(replica, siblingsOf(stage));
    await command(replica.masterSocket, 'reload', { timeoutMs: 30_000 }).catch(() => {});
  });
  turns.set(replica.directory, turn);
  return turn;
}

/** Start alone, wait two seconds, then write the siblings and reload. */
export async function raiseNaively(replica: Replica, stage: Stage): Promise<void> {
  write(replica, [replica]);
  await replica.startHaproxy();
  await sleep(startDelayMs);
  await reload(replica, stage);
}

/** Every event rewrites the section of every running replica and reloads it, at once. */
export function reactNaively(stage: Stage): void {
  for (const replica of stage.alive()) void reload(replica, stage);
}
