import { spawn } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { changes, entry } from '../../contract/applier.case.ts';
import { eventually } from '../../helpers/eventually.ts';
import { startProxy, type Verdict } from '../../helpers/proxy.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { humanAdds, humanBegins, humanSees } from '../../rig/appliers.ts';
import { forEachDataplane } from '../../rig/dataplane-suite.ts';

const never = new AbortController().signal;
const b = entry('b', '127.0.0.2', 1001);
const addB = changes({ add: [b] });

forEachDataplane('transactions', (suite) => {
  it('redoes its change when somebody commits between begin and commit', async () => {
    const on = await suite.given();
    let interfered = false;
    const subject = await suite.behind(on, async (call): Promise<Verdict> => {
      if (!call.startsWith('PUT') || interfered) return 'pass';
      interfered = true;
      await humanAdds(on, entry('z', '127.0.0.26', 1026));
      return 'pass';
    });
    const base = await subject.read(never);

    const applied = await subject.apply(base, addB, never);

    expect(applied).toMatchObject({ reloaded: true, attempts: 2 });
    expect(Object.keys(await humanSees(on)).sort()).toEqual(['a', 'b', 'z']);
    expect(await suite.openTransactions(on)).toBe(0);
  });

  it('redoes its change when the file is edited between begin and commit', async () => {
    const on = await suite.given();
    // Lets the api write the file once, so that an edit from outside is noticed by its checksum.
    await humanAdds(on, entry('y', '127.0.0.25', 1025));
    let edited = false;
    const subject = await suite.behind(on, async (call): Promise<Verdict> => {
      if (!call.startsWith('PUT') || edited) return 'pass';
      edited = true;
      const before = (await on.human('GET', '/configuration/version')).text;
      const text = on.text().replace(/^# _md5hash.*\n/m, '');
      writeFileSync(`${on.configFile}.new`, text.replace('127.0.0.25', '127.0.0.52'));
      renameSync(`${on.configFile}.new`, on.configFile);
      await expect
        .poll(async () => (await on.human('GET', '/configuration/version')).text)
        .not.toBe(before);
      return 'pass';
    });
    const base = await subject.read(never);

    const applied = await subject.apply(base, addB, never);

    expect(applied).toMatchObject({ reloaded: true, attempts: 2 });
    expect(await humanSees(on)).toMatchObject({ y: '127.0.0.52:1025', b: '127.0.0.2:1001' });
    expect(await suite.openTransactions(on)).toBe(0);
  });

  it('removes the orphan of a process that was killed between begin and commit', async () => {
    const on = await suite.given();
    const between = await startProxy(on.address, (call) =>
      call.startsWith('PUT') ? 'hang' : 'pass',
    );
    const script = join(import.meta.dirname, 'apply-child.ts');
    const child = spawn(
      process.execPath,
      [script, between.address, on.passwordFile, on.stateDirectory],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    await eventually(async () => (await suite.openTransactions(on)) === 1);
    const noted = join(on.stateDirectory, 'haproxy-peer-sync.transactions.json');
    await eventually(() => existsSync(noted));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await between.stop();

    const next = suite.make(on);
    const base = await next.read(never);

    expect(await suite.openTransactions(on)).toBe(0);
    expect(base.entries.map(({ name }) => name)).toEqual(['a']);
    expect((await next.apply(base, addB, never)).reloaded).toBe(true);
    expect(readdirSync(on.stateDirectory)).toEqual([]);
  });

  it('removes its own orphans when no more transactions can be opened', async () => {
    const on = await suite.given();
    const orphans: string[] = [];
    for (let i = 0; i < 20; i += 1) orphans.push(await humanBegins(on));
    const subject = suite.make(on, { stateDirectory: on.directory });
    const base = await subject.read(never);
    // As a process that was killed twenty times would have left it.
    const state = JSON.stringify({ open: orphans, reloadDue: false });
    writeFileSync(join(on.directory, 'haproxy-peer-sync.transactions.json'), state);
    const next = suite.make(on, { stateDirectory: on.directory });

    const applied = await next.apply(base, addB, never);

    expect(applied.reloaded).toBe(true);
    expect(await suite.openTransactions(on)).toBe(0);
  });

  it('leaves open transactions of others alone and says so', async () => {
    const on = await suite.given();
    const subject = suite.make(on, { retry: { limit: 1, minMs: 1, maxMs: 1 } });
    const base = await subject.read(never);
    for (let i = 0; i < 20; i += 1) await humanBegins(on);

    await expect(subject.apply(base, addB, never)).rejects.toMatchObject({
      code: 'DATAPLANE_BUSY',
      retryable: true,
    });

    expect(await suite.openTransactions(on)).toBe(20);
    expect(suite.logged()).toContain('not ours');
  });

  it('leaves no transaction open when the api refuses an edit', async () => {
    const on = await suite.given();
    // We send no entry that it would refuse: this answer is made up.
    const subject = await suite.behind(on, (call) =>
      /^POST .*peer_entries/.test(call) ? { status: 422, body: '{"message":"refused"}' } : 'pass',
    );
    const base = await subject.read(never);

    const applying = subject.apply(base, addB, never);

    await expect(applying).rejects.toMatchObject({
      code: 'DATAPLANE_REJECTED',
      retryable: false,
    });
    expect(await suite.openTransactions(on)).toBe(0);
    expect((await subject.read(never)).version).toBe(base.version);
  });

  it('leaves no transaction and no copy of the file when haproxy refuses the change', async () => {
    const page = join(testFolder(), '503.http');
    writeFileSync(page, 'HTTP/1.0 503 Nobody\r\nContent-Length: 0\r\n\r\n');
    const on = await suite.given(undefined, {
      rewrite: (text) => text.replace('defaults\n', `defaults\n  errorfile 503 ${page}\n`),
    });
    const subject = suite.make(on);
    const base = await subject.read(never);
    rmSync(page);

    const applying = subject.apply(base, addB, never);

    await expect(applying).rejects.toMatchObject({
      code: 'DATAPLANE_REJECTED',
      retryable: false,
      message: expect.stringContaining('503.http'),
    });
    expect((await on.human('GET', '/transactions')).text.trim()).toBe('[]');
    expect(await on.runningNames()).toEqual(['a']);
  });
});
