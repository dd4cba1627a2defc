import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { changes, entry } from '../../contract/applier.case.ts';
import type { Verdict } from '../../helpers/proxy.ts';
import { forEachDataplane } from '../../rig/dataplane-suite.ts';

const never = new AbortController().signal;
const b = entry('b', '127.0.0.2', 1001);
const addB = changes({ add: [b] });

const notFound = { status: 404, body: '{"code":404,"message":"path was not found"}' };
const infoAnswer = { status: 200, body: '{"api":{"version":"other"},"system":{}}' };

forEachDataplane('access', (suite) => {
  it('says unauthorized for a wrong password, never the password, and recovers when the file is put right', async () => {
    const on = await suite.given();
    writeFileSync(on.passwordFile, 'wrong-secret');
    const subject = suite.make(on, { retry: { limit: 0, minMs: 1, maxMs: 1 } });

    await expect(subject.read(never)).rejects.toMatchObject({
      code: 'DATAPLANE_UNAUTHORIZED',
      retryable: true,
      status: 401,
    });
    writeFileSync(on.passwordFile, on.password);
    const section = await subject.read(never);

    expect(section.exists).toBe(true);
    expect(suite.logged()).not.toContain('wrong-secret');
    expect(suite.logged()).not.toContain(Buffer.from('admin:wrong-secret').toString('base64'));
  });

  it('waits for a password file that comes later', async () => {
    const on = await suite.given();
    rmSync(on.passwordFile);
    const subject = suite.make(on, { retry: { limit: 50, minMs: 20, maxMs: 100 } });

    const reading = subject.read(never);
    setTimeout(() => {
      writeFileSync(`${on.passwordFile}.new`, on.password);
      renameSync(`${on.passwordFile}.new`, on.passwordFile);
    }, 150);

    expect((await reading).exists).toBe(true);
    expect(suite.calls().every(({ status }) => status !== 401)).toBe(true);
  });

  it('waits for an api that is down and comes up', async () => {
    const on = await suite.given();
    await on.stopApi();
    const subject = suite.make(on, { retry: { limit: 100, minMs: 20, maxMs: 100 } });

    const reading = subject.read(never);
    const [section] = await Promise.all([reading, on.startApi()]);

    expect(section.entries.map(({ name }) => name)).toEqual(['a']);
    expect(suite.calls().some(({ status }) => status === 0)).toBe(true);
  });

  it('says unreachable when it stays down', async () => {
    const on = await suite.given();
    await on.stopApi();

    await expect(suite.make(on).read(never)).rejects.toMatchObject({
      code: 'DATAPLANE_UNREACHABLE',
      retryable: true,
    });
  });

  it('applies over an api that was restarted since the read', async () => {
    const on = await suite.given();
    const subject = suite.make(on);
    const base = await subject.read(never);
    await on.stopApi();
    await on.startApi();

    const applied = await subject.apply(base, addB, never);

    expect(applied.reloaded).toBe(true);
    expect(await on.runningNames()).toEqual(['a', 'b']);
  });

  it('does not try again when what allowed the change is over, and changes nothing', async () => {
    const on = await suite.given();
    const subject = suite.make(on);
    const base = await subject.read(never);
    await on.stopApi();
    const asked: number[] = [];

    const applied = await subject.apply(base, addB, never, async () => {
      asked.push(suite.calls().length);
      return false;
    });

    expect(applied).toEqual({ reloaded: false, postponed: true, attempts: 1 });
    expect(asked).toHaveLength(1);
    expect(suite.calls()).toHaveLength(asked[0] ?? 0);
    await on.startApi();
    expect((await subject.read(never)).entries.map(({ name }) => name)).toEqual(['a']);
    expect((await subject.apply(base, addB, never)).reloaded).toBe(true);
  });

  it('forgets which version listened when another one takes its place', async () => {
    const on = await suite.given();
    let other = true;
    // Answers as the other version would; the real one cannot be both within one test.
    const reader = await suite.behind(on, (call) => {
      if (!other) return 'pass';
      return call.startsWith(`GET /${suite.version}/`) ? notFound : infoAnswer;
    });
    await expect(reader.read(never)).rejects.toMatchObject({ code: 'DATAPLANE_BAD_ANSWER' });
    other = false;

    expect((await reader.read(never)).exists).toBe(true);
  });

  // The real one neither answers garbage nor hangs: here something else listens in its place.
  it.each([
    ['html', { status: 200, body: '<html>welcome</html>' }],
    ['nothing', { status: 200, body: '' }],
    ['json of another kind', { status: 200, body: '{"hello":1}' }],
    ['a redirect', { status: 302, body: '', headers: { location: 'http://example.invalid/' } }],
  ])('says bad answer for %s', async (_, verdict) => {
    const on = await suite.given();
    const reader = await suite.behind(on, () => verdict);

    await expect(reader.read(never)).rejects.toMatchObject({ code: 'DATAPLANE_BAD_ANSWER' });
  });

  it('says bad answer for garbage to the read, the begin and the commit, and leaves nothing open', async () => {
    for (const at of ['/configuration/raw', 'POST', 'PUT']) {
      const on = await suite.given();
      let armed = true;
      const subject = await suite.behind(on, (call) =>
        armed && call.includes(at) ? { status: 200, body: 'garbage' } : 'pass',
      );
      const failing = subject.read(never).then((base) => subject.apply(base, addB, never));

      await expect(failing, at).rejects.toMatchObject({ code: 'DATAPLANE_BAD_ANSWER' });
      armed = false;
      const again = await subject.apply(await subject.read(never), addB, never);

      expect(again.reloaded, at).toBe(true);
      expect(await suite.openTransactions(on)).toBe(0);
      await on.stop();
    }
  });

  it('gives up a call that hangs', async () => {
    const on = await suite.given();
    const retry = { limit: 1, minMs: 1, maxMs: 1 };
    const part = { timeoutMs: 100, commitTimeoutMs: 100, retry };
    const reader = await suite.behind(on, () => 'hang', part);

    await expect(reader.read(never)).rejects.toMatchObject({
      code: 'DATAPLANE_UNREACHABLE',
      retryable: true,
    });
    expect(suite.calls()).toHaveLength(2);
  });

  it('ends a call that hangs when it is stopped', async () => {
    const on = await suite.given();
    const stopping = new AbortController();
    const reader = await suite.behind(on, () => {
      stopping.abort(new Error('stopping'));
      return 'hang';
    });

    await expect(reader.read(stopping.signal)).rejects.toThrow('stopping');
  });

  it('retries after server errors and resets', async () => {
    const on = await suite.given();
    const faults: Verdict[] = ['reset', { status: 503, body: '{"message":"busy"}' }];
    const reader = await suite.behind(on, () => faults.shift() ?? 'pass');

    expect((await reader.read(never)).exists).toBe(true);
  });

  it('speaks over a unix socket', async () => {
    const on = await suite.given(undefined, { unixSocket: true });
    const subject = suite.make(on);

    const applied = await subject.apply(await subject.read(never), addB, never);

    expect(applied.reloaded).toBe(true);
    expect(await on.runningNames()).toEqual(['a', 'b']);
  });
});
