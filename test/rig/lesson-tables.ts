import { once } from 'node:events';
import { get } from 'node:http';
import { join } from 'node:path';
import { sectionName } from './haproxy-stand.ts';
import type { RelayStand } from './relay-stand.ts';

/** Tables that hold every type of key and of data, beside `sessions`. */
export const tableNames = [
  'sessions',
  'numbers',
  'addresses',
  'addresses6',
  'hashes',
  'forever',
  'web1',
] as const;

/** Sections of haproxy.cfg with these tables, and a frontend on a unix socket that writes into some. */
export function everyTable(folder: string): string {
  const table = (name: string, text: string) =>
    `backend ${name}\n  stick-table ${text} peers ${sectionName}\n`;
  const socket = join(folder, 'web.sock');
  return [
    table(
      'numbers',
      'type integer size 10k expire 10m store gpc(3),gpt(2),gpc_rate(2,10m),server_id',
    ),
    table(
      'addresses',
      'type ip size 10k expire 20m store conn_cnt,conn_rate(10m),conn_cur,sess_cnt,sess_rate(10m),http_err_cnt,http_err_rate(10m),bytes_in_cnt,bytes_in_rate(10m),gpt0',
    ),
    table(
      'addresses6',
      'type ipv6 size 10k expire 30m store gpc0,gpc0_rate(10m),gpc1,gpc1_rate(10m),http_req_rate(10m),bytes_out_cnt,bytes_out_rate(10m),http_fail_cnt,http_fail_rate(10m)',
    ),
    table('hashes', 'type binary len 20 size 10k expire 40m store http_req_cnt,gpc0'),
    table('forever', 'type string len 16 size 10k store gpc0'),
    table('web1', 'type string len 40 size 10k expire 50m store server_id,server_key,gpc0'),
    '  stick on hdr(x-user)\n',
    ...Array.from({ length: 5 }, (_, at) => `  server server-${at} unix@${folder}/answer.sock\n`),
    `listen answer\n  bind unix@${folder}/answer.sock\n  http-request return status 200\n`,
    `frontend writer\n  bind unix@${socket}\n  http-request track-sc0 hdr(x-user),sha1 table hashes\n  http-request sc-inc-gpc0(0)\n  http-request track-sc1 hdr(x-user),crc32 table numbers\n  http-request sc-inc-gpc(2,1)\n  http-request sc-set-gpt(1,1) int(2289)\n  default_backend web1\n`,
  ].join('');
}

/** Requests of these users, who get an entry in `hashes`, one in `numbers` and one in `web1`, with a server each. */
export async function visit(folder: string, users: readonly string[]): Promise<void> {
  for (const user of users) {
    const request = get({ socketPath: join(folder, 'web.sock'), headers: { 'x-user': user } });
    const [response] = await once(request, 'response');
    response.resume();
    await once(response, 'end');
  }
}

/** So many entries in each of the other tables. */
export async function fillEvery(stand: RelayStand, count: number): Promise<void> {
  for (let from = 0; from < count; from += 50) {
    const commands: string[] = [];
    for (let at = from; at < Math.min(count, from + 50); at++) {
      commands.push(
        `set table sessions key ${'k'.repeat(at % 50)}${at} data.gpc0 ${at}`,
        `set table numbers key ${at * 1000 + 1} data.server_id 3`,
        `set table addresses key 10.0.${at >> 8}.${at & 255} data.conn_cnt ${at} data.bytes_in_cnt ${at * 5_000_000_000} data.sess_rate 33 data.gpt0 240`,
        `set table addresses6 key 2001:db8::${at.toString(16)} data.gpc0 ${at} data.gpc1 2288 data.http_req_rate 17 data.bytes_out_cnt ${at * 1e9}`,
        `set table forever key f${at} data.gpc0 ${at}`,
      );
    }
    for (let at = 0; at < commands.length; at += 50) {
      const said = await stand.ask(commands.slice(at, at + 50).join(';'));
      if (said.trim() !== '') throw new Error(said);
    }
  }
}

export interface TableEntry {
  /** All that `show table` says of it, without its place in memory and its expiry. */
  readonly text: string;
  /** Milliseconds. */
  readonly expiry: number;
}

/** What a table holds, by key. */
export async function entriesOf(
  stand: Pick<RelayStand, 'ask'>,
  table: string,
): Promise<ReadonlyMap<string, TableEntry>> {
  const lines = (await stand.ask(`show table ${table}`)).split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, key = '', rest = ''] = /^0x\w+: key=(\S+) (.*)$/.exec(line) ?? [];
      if (key === '') return [];
      const expiry = Number(/\bexp=(\d+)/.exec(rest)?.[1]);
      return [[key, { text: rest.replaceAll(/\b(exp|use|shard)=\d+ ?/g, ''), expiry }] as const];
    }),
  );
}
