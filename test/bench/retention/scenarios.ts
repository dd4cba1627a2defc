import { setTimeout as sleep } from 'node:timers/promises';
import type { TcpCut } from '../../helpers/tcp-cut.ts';
import type { Stage } from '../../rig/stage.ts';

export interface Scene {
  readonly stage: Stage;
  readonly say: (text: string) => void;
  /** The hop between the replicas and the API server; null where the members come from a file. */
  readonly hop: TcpCut | null;
  /** Whoever joins from now on reaches the API server past the hop. */
  bypass(): void;
  /** Whoever joins from now on runs the program of this checkout, or of the other one. */
  bringWith(which: 'ours' | 'beside'): void;
  readonly burst: number;
  readonly cutSeconds: number;
}

export interface Scenario {
  readonly name: string;
  readonly what: string;
  /** Replicas before the change; 0: the start itself is the change. */
  readonly begin: number;
  /** Times that somebody joins: the most reloads an old replica may make. All that come at once are one. */
  readonly joins: number;
  /** Does it mean anything for a strategy without sidecar and API? */
  readonly naive: boolean;
  /** Writes go to whoever listens, ready or not. */
  readonly early?: true;
  /** There is no such thing in relay mode. */
  readonly reloadOnly?: true;
  /** Begins with replicas of the checkout of `--beside`. */
  readonly mixed?: true;
  play(scene: Scene): Promise<void>;
}

async function replaceEach({ stage, say }: Scene): Promise<void> {
  for (const old of stage.alive()) {
    say(`${old.name} is replaced`);
    await stage.bring(1);
    await stage.retire(old);
  }
}

async function retireAll({ stage }: Scene, names: ReadonlySet<string>): Promise<void> {
  const leaving = stage.alive().filter(({ name }) => names.has(name));
  await Promise.all(leaving.map((replica) => stage.retire(replica)));
}

function namesOf(stage: Stage, count = Number.POSITIVE_INFINITY): ReadonlySet<string> {
  return new Set(
    stage
      .alive()
      .slice(0, count)
      .map(({ name }) => name),
  );
}

/** A part of one replica after another is killed while somebody joins, and comes back a second later. */
async function killPart(
  { stage, say }: Scene,
  what: string,
  kill: (replica: ReturnType<Stage['alive']>[number]) => Promise<void>,
  start: (replica: ReturnType<Stage['alive']>[number]) => void,
): Promise<void> {
  // Before, while and after the others take the name in.
  const delaysMs = [100, 600, 1500];
  for (const [index, replica] of stage.alive().entries()) {
    const delayMs = delaysMs[index % delaysMs.length] ?? 0;
    say(`one joins, and ${delayMs} ms later the ${what} of ${replica.name} is killed`);
    const joining = stage.bring(1);
    await Promise.all([
      joining,
      sleep(delayMs)
        .then(() => kill(replica))
        .then(() => sleep(1000))
        .then(() => start(replica)),
    ]);
  }
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'rollout',
    what: '3 replicas are replaced one by one, the new one ready before the old one goes',
    begin: 3,
    joins: 3,
    naive: true,
    play: replaceEach,
  },
  {
    name: 'rollout-surge',
    what: '3 new replicas at once, then the 3 old ones leave',
    begin: 3,
    joins: 1,
    naive: true,
    async play(scene) {
      const old = namesOf(scene.stage);
      await scene.stage.bring(3);
      scene.say('the old ones leave');
      await retireAll(scene, old);
    },
  },
  {
    name: 'upgrade',
    what: '3 replicas of --beside are replaced one by one by ours, and those by --beside again',
    begin: 3,
    joins: 3,
    naive: false,
    mixed: true,
    async play(scene) {
      scene.bringWith('ours');
      await replaceEach(scene);
      scene.bringWith('beside');
      await replaceEach(scene);
    },
  },
  {
    name: 'scale-up',
    what: '3 to 6, then one more',
    begin: 3,
    joins: 2,
    naive: true,
    async play({ stage }) {
      await stage.bring(3);
      await stage.bring(1);
    },
  },
  {
    name: 'scale-down',
    what: '6 to 2, all leavers at once',
    begin: 6,
    joins: 0,
    naive: true,
    play: (scene) => retireAll(scene, namesOf(scene.stage, 4)),
  },
  {
    name: 'burst',
    what: '3 to 12, or to --burst, at once',
    begin: 3,
    joins: 1,
    naive: true,
    async play({ stage, burst }) {
      await stage.bring(burst - 3);
    },
  },
  {
    name: 'hard-kill',
    what: 'each of 3 in turn gets SIGKILL and a replacement',
    begin: 3,
    joins: 3,
    naive: true,
    async play({ stage, say }) {
      for (const victim of stage.alive()) {
        say(`${victim.name} is killed and replaced`);
        await stage.crash(victim);
        await stage.bring(1);
      }
    },
  },
  {
    name: 'sidecar-crash',
    what: 'a sidecar gets SIGKILL while a sibling joins, thrice',
    begin: 3,
    joins: 3,
    naive: false,
    play: (scene) =>
      killPart(
        scene,
        'sidecar',
        (replica) => replica.killSidecar(),
        (replica) => replica.startSidecar(),
      ),
  },
  {
    name: 'dataplane-restart',
    what: 'a Data Plane API gets SIGKILL while a sibling joins, thrice',
    begin: 3,
    joins: 3,
    naive: false,
    reloadOnly: true,
    play: (scene) =>
      killPart(
        scene,
        'Data Plane API',
        (replica) => replica.killApi(),
        (replica) => replica.startApi(),
      ),
  },
  {
    name: 'api-cut',
    what: 'the API server is out of reach for --cut seconds in the middle of a rollout',
    begin: 3,
    joins: 3,
    naive: false,
    async play({ stage, say, hop, cutSeconds }) {
      for (const [index, old] of stage.alive().entries()) {
        const joining = stage.bring(1);
        if (index === 1) {
          // Its address is out, its init container has hardly begun.
          await sleep(400);
          say(`no packet passes to the API server for ${cutSeconds} s while a replica joins`);
          hop?.freeze();
          await Promise.all([joining, sleep(cutSeconds * 1000).then(() => hop?.heal())]);
        }
        await joining;
        await stage.retire(old);
      }
    },
  },
  {
    name: 'api-cut-old',
    what: 'the old replicas lose the API server for --cut seconds, and one joins that has it',
    begin: 3,
    joins: 1,
    naive: false,
    async play({ stage, say, hop, bypass, cutSeconds }) {
      hop?.freeze();
      bypass();
      say(`no packet of the old ones passes for ${cutSeconds} s`);
      const joining = stage.bring(1);
      await Promise.all([joining, sleep(cutSeconds * 1000).then(() => hop?.heal())]);
    },
  },
  {
    name: 'first-start',
    what: '3 start together, and are written to as soon as they listen',
    begin: 0,
    joins: 1,
    naive: true,
    early: true,
    async play({ stage }) {
      await stage.bring(3);
    },
  },
  {
    name: 'drain',
    what: '2 of 4 leave while 2 new ones join',
    begin: 4,
    joins: 1,
    naive: true,
    async play(scene) {
      const leaving = namesOf(scene.stage, 2);
      await Promise.all([retireAll(scene, leaving), scene.stage.bring(2)]);
    },
  },
];

/** Loopback addresses that a scenario needs. */
export function addressesOf(burst: number): number {
  return Math.max(8, burst);
}
