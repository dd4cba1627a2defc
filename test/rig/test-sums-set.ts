import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { monotonicNow } from '../../src/clock.ts';
import { eventually } from '../helpers/eventually.ts';
import { testFolder } from '../helpers/test-folder.ts';
import { membersFile } from './members-file.ts';
import { allReady } from './raise.ts';
import { writeRelayKey } from './relay-key.ts';
import type { Replica, ReplicaSetting } from './replica.ts';
import { testReplica } from './test-replica.ts';

const countingPort = 8081;

/** Where the tables of one replica are others than usual. */
export interface SumsTables {
  readonly size?: string;
  readonly sumSize?: string;
  readonly type?: string;
  /** Of the rate, in seconds. */
  readonly periodS?: number;
  /** Also what is open now, which HAProxy tells from 3.2 on. */
  readonly hasOpen?: boolean;
}

/** Requests for a key in the header are counted, and refused where all replicas together have had more than 100 in 3 s. */
export function sumsSections(
  address: string,
  {
    size = '100k',
    sumSize = '300k',
    type = 'string len 32',
    periodS = 3,
    hasOpen = false,
  }: SumsTables = {},
): string {
  const stored = `http_req_cnt,http_req_rate(${periodS}s)${hasOpen ? ',conn_cur' : ''}`;
  const table = (name: string, room: string) =>
    `backend ${name}\n    stick-table type ${type} size ${room} expire 1m ${hasOpen && name !== 'rate' ? 'recv-only ' : ''}store ${stored} peers aggregate\n`;
  return `
${table('rate', size)}${table('rate.sum', sumSize)}${table('rate.others', sumSize)}
frontend counting
    bind ${address}:${countingPort}
    http-request track-sc0 hdr(x-key) table rate
    http-request deny deny_status 429 if { path /limit } { sc_http_req_rate(0,rate.sum) gt 100 }
    http-request return status 200
`;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
afterAll(() => agent.destroy());

/** The status of the answer to a request that counts for this key. */
export async function request({ address }: Replica, key: string, path = '/'): Promise<number> {
  const to = { host: address, port: countingPort, path, agent, headers: { 'x-key': key } };
  const [response] = (await once(get(to), 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode ?? 0;
}

export async function times(count: number, replica: Replica, key: string): Promise<void> {
  for (let sent = 0; sent < count; sent++) expect(await request(replica, key)).toBe(200);
}

/** The fields of a key as HAProxy prints them; null: it is not there. */
export async function entry(
  replica: Replica,
  table: string,
  key: string,
): Promise<Readonly<Record<string, number>> | null> {
  const text = await replica.ask(`show table ${table} key ${key}`);
  const line = text.split('\n').find((each) => each.startsWith('0x'));
  if (line === undefined) return null;
  const fields = [...line.matchAll(/(\w+)(?:\(\d+\))?=(\d+)/g)];
  return Object.fromEntries(fields.map(([, name = '', value]) => [name, Number(value)]));
}

/** How long it takes until all have this sum, in milliseconds. */
export async function summed(all: readonly Replica[], key: string, count: number): Promise<number> {
  const startMs = monotonicNow();
  await eventually(
    async () => {
      for (const each of all)
        expect((await entry(each, 'rate.sum', key))?.http_req_cnt).toBe(count);
      return true;
    },
    { intervalMs: 5 },
  );
  return monotonicNow() - startMs;
}

/** What `/status` says. */
export async function statusOf({ address, ports }: Replica) {
  const answer = await fetch(`http://${address}:${ports.probe}/status`);
  return (await answer.json()) as {
    readonly troubles?: readonly string[];
    readonly aggregate?: {
      readonly current: boolean;
      readonly links: number;
      readonly tables: readonly {
        readonly name: string;
        readonly keys: number;
        readonly evicted: number;
      }[];
    };
  };
}

export interface SumsSetOptions {
  readonly haproxy: string | undefined;
  readonly network: string;
  /** Empty: that one runs without sums. */
  readonly flags?: (name: string) => readonly string[];
  readonly tables?: (name: string) => SumsTables;
  readonly more?: (name: string) => Partial<ReplicaSetting>;
}

/** Whole replicas in relay mode, which come and go. */
export function startSumsSet({
  haproxy,
  network,
  flags = () => ['--aggregate'],
  tables = () => ({}),
  more = () => ({}),
}: SumsSetOptions) {
  const members = membersFile(join(testFolder(), 'members.json'));
  const relayKey = writeRelayKey(testFolder());
  let last = 0;
  const now: Replica[] = [];

  function replica(name: string): Replica {
    last += 1;
    const address = `${network}.${last}`;
    const own = flags(name);
    const template = sumsSections(address, tables(name));
    return testReplica(
      {
        ...{ haproxy: haproxy ?? '', dataplane: null, relayKey },
        ...{
          sourceFlags: members.sourceFlags,
          sections: own.length > 0 ? template : template.replaceAll('peers aggregate', ''),
        },
        ...{ flags: own, initFlags: own.filter((flag) => flag === '--aggregate') },
        podUid: () => `uid-of-${name}-${address}`,
        ...more(name),
      },
      name,
      address,
    );
  }

  return {
    now,
    async join(...names: readonly string[]): Promise<readonly Replica[]> {
      const joined = names.map(replica);
      now.push(...joined);
      members.set(...now);
      await Promise.all(joined.map((each) => each.init()));
      await Promise.all(joined.map((each) => each.start()));
      await allReady(joined, 20_000);
      return joined;
    },
    async leave(gone: Replica): Promise<void> {
      now.splice(now.indexOf(gone), 1);
      await gone.stop();
      members.set(...now);
    },
  };
}
