import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import got from 'got';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/ports.ts';
import { programs } from '../../helpers/programs.ts';
import { type RunningProgram, startProgram } from '../../helpers/run-cli.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type DataplaneStand, startDataplane } from '../../rig/dataplane-stand.ts';

const haproxy = programs.haproxy34 ?? programs.haproxy;
const missing = missingOf({ HAProxy: haproxy, 'Data Plane API': programs.dataplaneV3 });

let directory: string;
let membersFile: string;
let stand: DataplaneStand;
let program: RunningProgram | undefined;
let listen: string;

async function setUp(peers = ['peer a 127.0.0.1:PORT']): Promise<void> {
  stand = await startDataplane({
    haproxy: haproxy ?? '',
    dataplane: programs.dataplaneV3 ?? '',
    version: 'v3',
    peers,
  });
}

function members(...names: readonly string[]): void {
  const rows = names.map((name, index) => ({ name, address: `127.0.0.${index + 1}` }));
  writeFileSync(membersFile, JSON.stringify(rows));
}

async function run(flags: Readonly<Record<string, string>> = {}): Promise<RunningProgram> {
  listen = `127.0.0.1:${await freePort()}`;
  const all: Record<string, string> = {
    'pod-name': 'a',
    'pod-ip': '127.0.0.1',
    source: 'file',
    'members-file': membersFile,
    'dataplane-user': stand.user,
    listen,
    ...flags,
  };
  program = startProgram([
    'run',
    ...stand.sidecarFlags,
    ...Object.entries(all).map(([name, value]) => `--${name}=${value}`),
  ]);
  return program;
}

function line(text: string): string | undefined {
  return program?.lines().find((candidate) => candidate.includes(text));
}

async function probe(path: string) {
  return got(`http://${listen}${path}`, { throwHttpErrors: false, retry: { limit: 0 } });
}

async function reloads(): Promise<number> {
  const { body } = await probe('/metrics');
  const counts = [...body.matchAll(/^haproxy_peer_sync_reloads_total\{.*\} (\d+)/gm)];
  if (counts.length === 0) throw new Error(`no reloads among the metrics: ${body}`);
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

beforeEach(() => {
  directory = testFolder();
  membersFile = join(directory, 'members.json');
});
afterEach(async () => {
  program?.kill('SIGKILL');
  await program?.ended;
  program = undefined;
  await stand?.stop();
});

describe('run', unless(missing), () => {
  it('loads what somebody else has written and not loaded, with one reload', async () => {
    await setUp();
    members('a', 'b');
    const text = readFileSync(stand.configFile, 'utf8');
    writeFileSync(stand.configFile, text.replace(/^ *peer a .*$/m, '$&\n  peer b 127.0.0.2:1001'));

    await run({ applier: 'direct', 'peers-port': '1001', 'unloaded-limit': '1s' });

    await eventually(async () => (await stand.runningNames()).join() === 'a,b');
    await eventually(() => line('HAProxy reloaded') !== undefined);
    expect(line('HAProxy reloaded')).toContain('haproxy.cfg has b, and HAProxy has not loaded it');
    expect(await reloads()).toBe(1);
  });

  it('adds who joins in one reload, folds removals in, and then rests', async () => {
    await setUp();
    members('a');
    await run();
    await eventually(async () => (await probe('/readyz')).statusCode === 200);
    members('a', 'b', 'c');
    await eventually(async () => (await stand.runningNames()).length === 3);
    members('a', 'b', 'd');
    await eventually(async () => (await stand.runningNames()).join() === 'a,b,d');

    await eventually(() => line('"joined":["d"]') !== undefined);
    expect(await reloads()).toBe(2);
    expect(JSON.parse(line('"joined":["d"]') ?? '{}')).toMatchObject({
      msg: 'peers section changed',
      left: ['c'],
      reloaded: true,
      attempts: 1,
      transaction: expect.any(String),
    });
    program?.kill('SIGTERM');
    expect(await program?.ended).toMatchObject({ exitCode: 0 });
    expect(program?.lines().at(-1)).toContain('stopped');
  });

  it('removes after the removal delay', async () => {
    await setUp([
      'peer a 127.0.0.1:PORT',
      'peer gone 127.0.0.2:3000',
      'peer outside 127.0.0.3:3000',
    ]);
    members('a');
    await run({ 'removal-delay': '0', 'keep-peer': 'outside' });

    await eventually(async () => (await stand.runningNames()).join() === 'a,outside');
    await eventually(async () => (await reloads()) === 1);
  });

  it('keeps the static peers that init found in the template', async () => {
    await setUp([
      'peer a 127.0.0.1:PORT',
      'peer gone 127.0.0.2:3000',
      'peer outside 127.0.0.3:3000',
    ]);
    writeFileSync(join(stand.directory, 'haproxy-peer-sync.json'), '{"staticPeers":["outside"]}');
    members('a');
    await run({ 'removal-delay': '0' });

    await eventually(async () => (await stand.runningNames()).join() === 'a,outside');
  });

  it('starts before the Data Plane API and waits for it', async () => {
    await setUp();
    await stand.stopApi();
    members('a', 'b');
    await run();
    await eventually(() => line('DATAPLANE_UNREACHABLE') !== undefined);
    expect((await probe('/livez')).statusCode).toBe(200);
    expect(await probe('/readyz')).toMatchObject({ statusCode: 503 });
    await stand.startApi();

    await eventually(async () => (await stand.runningNames()).join() === 'a,b');
    await eventually(async () => (await probe('/readyz')).statusCode === 200);
  });

  it('starts before HAProxy and changes nothing while it is down', async () => {
    await setUp();
    members('a', 'b');
    const before = stand.text();
    await run({ 'admin-socket': join(directory, 'not-yet.sock') });

    await eventually(() => line('HAProxy does not answer') !== undefined);
    expect(stand.text()).toBe(before);
    expect((await probe('/readyz')).body).toContain('HAProxy does not answer');
  });

  it('stays ready over its own restart, and not over one of HAProxy', async () => {
    await setUp();
    members('a');
    const first = await run();
    const file = join(stand.directory, 'haproxy-peer-sync.ready');
    await eventually(() => existsSync(file));
    first.kill('SIGKILL');
    await first.ended;
    rmSync(membersFile);
    const kept = JSON.parse(readFileSync(file, 'utf8'));
    expect(kept).toMatchObject({ incomplete: false });
    writeFileSync(file, JSON.stringify({ ...kept, incomplete: true }));
    const second = await run();
    await eventually(() => line('"msg":"listening"') !== undefined);
    expect((await probe('/readyz')).statusCode).toBe(200);
    expect(JSON.parse((await probe('/status')).body)).toMatchObject({ incomplete: true });
    second.kill('SIGKILL');
    await second.ended;

    const { worker, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
    const before = { ...worker, startedAtSeconds: worker.startedAtSeconds - 3600 };
    writeFileSync(file, JSON.stringify({ ...rest, worker: before }));
    await run();
    await eventually(() => line('"msg":"listening"') !== undefined);
    expect((await probe('/readyz')).statusCode).toBe(503);
  });

  it('goes on when the right password comes, and never shows one', async () => {
    await setUp();
    const right = readFileSync(stand.passwordFile, 'utf8');
    writeFileSync(stand.passwordFile, 'a-wrong-password\n');
    members('a', 'b');
    await run();
    await eventually(() => line('DATAPLANE_UNAUTHORIZED') !== undefined);
    writeFileSync(stand.passwordFile, right);

    await eventually(async () => (await stand.runningNames()).join() === 'a,b', {
      timeoutMs: 30_000,
    });
    const text = program?.lines().join('\n');
    expect(text).not.toContain('a-wrong-password');
    expect(text).not.toContain(right.trim());
  });

  it('holds when the localpeer is somebody else, and says so once', async () => {
    await setUp();
    writeFileSync(
      membersFile,
      JSON.stringify([
        { name: 'z', address: '127.0.0.1' },
        { name: 'b', address: '127.0.0.2' },
      ]),
    );
    const before = stand.text();
    await run({ 'pod-name': 'z', 'removal-delay': '0', 'reconcile-interval': '100ms' });

    await eventually(() => line("HAProxy's localpeer is a, not z") !== undefined);
    await eventually(async () =>
      /passes_total\{decision="hold"\} ([5-9]|\d\d)/.test((await probe('/metrics')).body),
    );
    expect(program?.lines().filter((text) => text.includes('localpeer is a'))).toHaveLength(1);
    expect(stand.text()).toBe(before);
  });

  it('changes nothing in a dry run, and says what it would do', async () => {
    await setUp();
    members('a', 'b');
    const before = stand.text();
    await run({ 'dry-run': 'true' });

    await eventually(() => line('"joined":["b"]') !== undefined);
    expect(stand.text()).toBe(before);
    expect(await stand.runningNames()).toEqual(['a']);
  });

  it('does nothing but one read per reconcile interval when nothing changes', async () => {
    await setUp(['peer a 127.0.0.1:PORT', 'peer b 127.0.0.2:3000']);
    writeFileSync(
      membersFile,
      JSON.stringify([
        { name: 'a', address: '127.0.0.1' },
        { name: 'b', address: '127.0.0.2' },
      ]),
    );
    await run({ 'reconcile-interval': '50ms', 'peers-port': '3000' });
    await eventually(async () =>
      /passes_total\{decision="none"\} \d\d/.test((await probe('/metrics')).body),
    );

    const { body } = await probe('/metrics');
    // The first ones may have waited for HAProxy to finish its resync.
    const passes = [...body.matchAll(/passes_total\{decision="\w+"\} (\d+)/g)]
      .map(([, count]) => Number(count))
      .reduce((sum, count) => sum + count);
    const reads = Number(
      /dataplane_calls_total\{method="GET",status="200"\} (\d+)/.exec(body)?.[1],
    );
    expect(await reloads()).toBe(0);
    expect(body).not.toMatch(/dataplane_calls_total\{method="(POST|PUT|DELETE)"/);
    // One call tells the version of the API, and one pass may be under way.
    expect(reads).toBeLessThanOrEqual(passes + 2);
  });

  it.each([
    [{ 'dataplane-url': 'http://192.0.2.1:5555' }, 'not on the loopback'],
    [{ selector: 'a in (', source: 'kubernetes', namespace: 'x' }, 'CONFIG_INVALID'],
    [{ 'peers-port': '99999' }, 'CONFIG_INVALID'],
  ])('exits with 2 for %j', async (flags, code) => {
    await setUp();
    members('a');

    const { exitCode, text } = await (await run(flags)).ended;

    expect(exitCode).toBe(2);
    expect(text).toContain(code);
  });
});
