import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { haproxyBranch } from '../helpers/programs.ts';
import { makeFolder, removeFolder } from '../helpers/temporary-folder.ts';
import { type HaproxyStand, sectionName, startHaproxyStand } from './haproxy-stand.ts';

export interface AggregateStand extends HaproxyStand {
  readonly at: { readonly path: string };
  /** A request that counts for this key in `T`, and is refused where the sums of all are over 100. Its status. */
  request(key: string, path?: string): Promise<number>;
  /** The fields of a key as `show table` prints them; null: it is not there. */
  entry(table: string, key: string): Promise<Readonly<Record<string, number>> | null>;
  set(table: string, key: string, data: string): Promise<void>;
}

export interface AggregateTable {
  readonly name: string;
  /** `string len 32` and the like. */
  readonly type: string;
  readonly store: string;
  readonly expire?: string;
}

const plain: AggregateTable = {
  name: 'T',
  type: 'string len 32',
  store: 'gpc0,gpt0,bytes_out_cnt,http_req_cnt,http_req_rate(10s)',
};

/** Counts requests, and refuses those of `/limit` when all replicas together have had more than 100. */
const frontend = (socket: string) => `frontend counting
  bind unix@${socket}
  http-request track-sc0 hdr(x-key) table T
  http-request sc-inc-gpc0(0)
  http-request deny deny_status 429 if { path /limit } { sc_http_req_rate(0,T.sum) gt 100 }
  http-request return status 200
`;

function sections(haproxy: string, tables: readonly AggregateTable[]): string {
  const learns = Number(haproxyBranch(haproxy)) >= 3.2 ? 'recv-only ' : '';
  const table = (name: string, text: string) =>
    `backend ${name}\n  stick-table ${text} peers ${sectionName}\n`;
  const each = tables.map(({ name, type, store, expire = '1m' }) => {
    const text = (more: string) => `type ${type} size 2m expire ${expire} ${more}store ${store}`;
    return [
      table(name, text('')),
      table(`${name}.sum`, text(learns)),
      table(`${name}.others`, text(learns)),
      table(`${name}.max`, text(learns)),
    ].join('');
  });
  return `${table('agg.epoch', 'type string len 64 size 16 store gpt0')}${each.join('')}`;
}

/** A real HAProxy with a section for sums, whose peer `agg` points at itself. */
export async function startAggregateStand(
  haproxy: string,
  tables: readonly AggregateTable[] = [plain],
): Promise<AggregateStand> {
  const folder = makeFolder('hps-agg-');
  const path = join(folder, 'agg.sock');
  const web = join(folder, 'web.sock');
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  let stand: HaproxyStand;
  try {
    stand = await startHaproxyStand({
      haproxy,
      peers: [`peer a unix@${path}`, `peer agg unix@${path}`],
      rewrite: (text) =>
        text +
        sections(haproxy, tables) +
        (tables.some(({ name }) => name === 'T') ? frontend(web) : ''),
    });
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
  return {
    ...stand,
    at: { path },
    async entry(table, key) {
      const text = await stand.ask(`show table ${table} key ${key}`);
      const line = text.split('\n').find((each) => each.startsWith('0x'));
      if (line === undefined) return null;
      const fields = [...line.matchAll(/(\w+)(?:\(\d+\))?=(\d+)/g)];
      return Object.fromEntries(fields.map(([, name = '', value]) => [name, Number(value)]));
    },
    async set(table, key, data) {
      const said = await stand.ask(`set table ${table} key ${key} ${data}`);
      if (said.trim() !== '') throw new Error(said);
    },
    async request(key, uri = '/') {
      const options = { socketPath: web, path: uri, agent, headers: { 'x-key': key } };
      const [response] = (await once(get(options), 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
      return response.statusCode ?? 0;
    },
    async stop() {
      agent.destroy();
      await stand.stop();
      removeFolder(folder);
    },
  };
}
