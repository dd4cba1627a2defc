import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../helpers/ports.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';
import { freePorts } from '../../rig/ports.ts';
import { raise } from '../../rig/raise.ts';
import { createReplica, type Replica } from '../../rig/replica.ts';
import { fileRoll } from '../../rig/roll.ts';
import { fillTable } from '../../rig/table.ts';

const haproxy = programs.haproxy34 ?? programs.haproxy30 ?? programs.haproxy;

async function status(...flags: readonly string[]) {
  const { exitCode, text } = await startProgram(['status', ...flags]).ended;
  return { exitCode, text };
}

describe('status without a sidecar', () => {
  it('says that nobody answers, and where it is of use', async () => {
    const { exitCode, text } = await status(`--listen=127.0.0.1:${await freePort()}`);

    expect(exitCode).toBe(1);
    expect(text).toContain('--pod NAME or --all');
  });

  it('says what --all lacks', async () => {
    const { exitCode, text } = await startProgram(
      ['status', '--all', '--labels-file=/nowhere', '--kubeconfig=/nowhere'],
      {},
    ).ended;

    expect(exitCode).not.toBe(0);
    expect(text).toMatch(/kubeconfig|--selector/);
  });
});

describe('status of a real replica', unless(missingOf({ HAProxy: haproxy })), () => {
  const directory = suiteFolder();
  let replica: Replica;
  // The status is asked on 127.0.0.1, so the replica is there.
  beforeAll(async () => {
    const roll = fileRoll(directory);
    const ports = await freePorts('127.0.0.1');
    replica = createReplica(
      {
        haproxy: haproxy ?? '',
        dataplane: null,
        directory,
        sourceFlags: roll.sourceFlags,
        ports,
      },
      'web-1',
      '127.0.0.1',
    );
    await roll.join(replica);
    await raise(replica);
    await fillTable(replica, 300);
  }, 60_000);
  afterAll(async () => {
    await replica.kill();
  });

  it('shows peers, tables and what HAProxy says', async () => {
    const { exitCode, text } = await status(`--listen=:${replica.ports.probe}`);

    expect(text).toMatch(/^web-1 {2}127\.0\.0\.1 {2}ready$/m);
    expect(text).toMatch(/haproxy +\d\.\d+\.\d+\S*, 0 reloads; nobody taught it/);
    expect(text).toMatch(/sessions +300 entries of 2,097,152/);
    expect(exitCode).toBe(0);
  });

  it('gives the same as JSON', async () => {
    const { text } = await status(`--listen=:${replica.ports.probe}`, '--json');
    const [found] = JSON.parse(text);

    expect(found.status).toMatchObject({ name: 'web-1', ready: true, resync: 'alone' });
  });
});
