import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tlsFiles, writeTlsFiles } from '../../../src/haproxy/tls-material.ts';
import { changes, entry } from '../../contract/applier.case.ts';
import { createCa } from '../../helpers/certificates.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { humanSees } from '../../rig/appliers.ts';
import { forEachDataplane } from '../../rig/dataplane-suite.ts';
import { sectionName } from '../../rig/haproxy-stand.ts';

const never = new AbortController().signal;
const b = entry('b', '127.0.0.2', 1001);
const addB = changes({ add: [b] });

forEachDataplane('section', (suite) => {
  it('edits bind and server sections, and keeps the local server without an address', async () => {
    const on = await suite.given([
      'bind 127.0.0.1:PORT',
      'server a',
      'server b 127.0.0.2:1001 ssl verify none',
      'server c 127.0.0.3:1002',
    ]);
    const subject = suite.make(on);
    const base = await subject.read(never);

    const applied = await subject.apply(
      base,
      changes({
        add: [entry('d', '127.0.0.4', 1003)],
        update: [entry('b', '127.0.0.22', 1001)],
        remove: base.entries.filter(({ name }) => name === 'c'),
      }),
      never,
    );

    expect(base.style).toBe('server');
    expect(applied.reloaded).toBe(true);
    expect(on.text()).toMatch(/^ +server a$/m);
    expect(on.text()).toMatch(/^ +server b 127\.0\.0\.22:1001 ssl verify none$/m);
    expect(await on.runningNames()).toEqual(['a', 'b', 'd']);
  });

  it('updates and removes an entry that is written as a variable', async () => {
    const env = { HPS_OLD: 'old', HPS_LOCAL: 'a' };
    const on = await suite.given(
      ['peer "$HPS_LOCAL" 127.0.0.1:PORT', 'peer "$HPS_OLD" 127.0.0.9:1009'],
      { env },
    );
    const subject = suite.make(on, { env });
    const base = await subject.read(never);

    await subject.apply(
      base,
      changes({ update: [entry('old', '127.0.0.99', 1009)], add: [b] }),
      never,
    );
    const moved = await humanSees(on);
    const again = await subject.read(never);
    const gone = again.entries.filter(({ name }) => name === 'old');
    await subject.apply(again, changes({ remove: gone }), never);

    expect(base.entries.map(({ name }) => name)).toEqual(['a', 'old']);
    expect(moved).toMatchObject({ '"$HPS_OLD"': '127.0.0.99:1009' });
    expect(await on.runningNames()).toEqual(['a', 'b']);
    expect(on.text()).toContain('peer "$HPS_LOCAL"');
  });

  it('keeps tables, logs and comments of the section through a burst', async () => {
    const on = await suite.given([
      '# who is there',
      'peer a 127.0.0.1:PORT',
      'log 127.0.0.1:514 local0',
      'table t1 type string len 10 size 1k expire 5m store gpc0,http_req_rate(10s)',
    ]);
    const subject = suite.make(on);
    const add = Array.from({ length: 8 }, (_, i) => entry(`n${i}`, `127.0.0.${i + 10}`, 1001));

    await subject.apply(await subject.read(never), changes({ add }), never);

    expect(on.text()).toContain('# who is there');
    expect(on.text()).toContain('log 127.0.0.1:514 local0');
    expect(on.text()).toMatch(/table t1 type string len 10 size 1k/);
    expect(await on.runningNames()).toEqual(['a', ...add.map(({ name }) => name)]);
  });

  it('replaces a whole section of modelled lines without losing one', async () => {
    const on = await suite.given([
      'peer a 127.0.0.1:PORT',
      'peer b 127.0.0.2:1001',
      'log 127.0.0.1:514 local0',
      'table t1 type string len 10 size 1k expire 5m store gpc0,http_req_rate(10s)',
    ]);
    const subject = suite.make(on);
    const add = Array.from({ length: 8 }, (_, i) => entry(`n${i}`, `127.0.0.${i + 10}`, 1001));
    const base = await subject.read(never);
    suite.forgetCalls();

    await subject.apply(base, changes({ add }), never);

    if (suite.version === 'v3') expect(suite.calls()).toHaveLength(6);
    expect(on.text()).toContain('log 127.0.0.1:514 local0');
    expect(on.text()).toMatch(
      /table t1 type string len 10 size 1k expire 5m store gpc0,http_req_rate\(10s\)/,
    );
    expect(await on.runningNames()).toEqual(['a', 'b', ...add.map(({ name }) => name)]);
  });

  it('keeps mutual TLS for the lines that are there and for a burst of new ones', async () => {
    const directory = testFolder();
    const files = tlsFiles(join(directory, 'haproxy.cfg'), 'haproxy-peers');
    await writeTlsFiles(files, createCa(directory).issue(), { mode: 0o600 });
    const ssl = `ssl crt ${files.bundle} ca-file ${files.ca} verify required`;
    const on = await suite.given([
      `default-server ${ssl} verifyhost haproxy-peers`,
      `bind 127.0.0.1:PORT ${ssl}`,
      'server a',
      'server b 127.0.0.2:1001',
    ]);
    const subject = suite.make(on);
    const add = Array.from({ length: 8 }, (_, i) => entry(`n${i}`, `127.0.0.${i + 10}`, 1001));
    const base = await subject.read(never);

    await subject.apply(base, changes({ add, update: [entry('b', '127.0.0.3', 1001)] }), never);

    const after = await subject.read(never);
    expect([base.encrypted, after.encrypted]).toEqual([true, true]);
    // The API takes the local line, which has no address, for one it does not know, and writes it last.
    const names = after.entries.map(({ name }) => name).sort();
    expect(names).toEqual(['a', 'b', ...add.map(({ name }) => name)]);
    const body = on.text().slice(on.text().indexOf('peers '));
    expect(body.indexOf('default-server')).toBeLessThan(body.indexOf('server a'));
    expect(body).toMatch(/^ +default-server .*ssl.* verifyhost haproxy-peers/m);
    expect(body).toMatch(/^ +server b 127\.0\.0\.3:1001$/m);
    for (const { name } of add) expect(body).toMatch(new RegExp(`^ +server ${name} \\S+$`, 'm'));
    expect(await on.runningNames()).toEqual(['a', 'b', ...add.map(({ name }) => name)]);
  });

  it('refuses to write what the api would lose', async () => {
    const on = await suite.given([
      'peer a 127.0.0.1:PORT',
      'peer b 127.0.0.2:1001 ssl verify none',
    ]);
    const subject = suite.make(on);
    const base = await subject.read(never);

    const applying = subject.apply(base, changes({ add: [entry('c', '127.0.0.3', 1)] }), never);

    await expect(applying).rejects.toMatchObject({
      code: 'SECTION_UNMODELLED',
      retryable: false,
    });
    expect(on.text()).toContain('ssl verify none');
    expect(base.obstacles).toHaveLength(1);
  });

  it('adds one to a thousand siblings in four calls', async () => {
    const siblings = Array.from(
      { length: 1000 },
      (_, i) => `peer p${i} 127.1.${Math.floor(i / 250)}.${(i % 250) + 1}:1001`,
    );
    const on = await suite.given(['peer a 127.0.0.1:PORT', ...siblings]);
    const subject = suite.make(on);
    const base = await subject.read(never);
    suite.forgetCalls();

    await subject.apply(base, addB, never);

    expect(suite.calls()).toHaveLength(4);
    expect(await on.runningNames()).toHaveLength(1002);
  });

  it('costs one call when nothing differs and four when a sibling joins', async () => {
    const on = await suite.given();
    const subject = suite.make(on);
    await subject.read(never);
    suite.forgetCalls();

    const base = await subject.read(never);
    const reads = suite.calls().length;
    suite.forgetCalls();
    await subject.apply(base, addB, never);

    expect(reads).toBe(1);
    expect(suite.calls().map(({ stage }) => stage)).toEqual(['begin', 'edit', 'check', 'commit']);
    expect(suite.calls().every(({ ms }) => ms > 0)).toBe(true);
    expect(sectionName).toBe(base.name);
  });
});
