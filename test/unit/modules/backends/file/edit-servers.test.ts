import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitLines } from '../../../../../src/config-text/config-text.ts';
import { serverIds } from '../../../../../src/modules/backends/endpoints/server-id.ts';
import { editServers } from '../../../../../src/modules/backends/file/edit-servers.ts';
import { readBackend } from '../../../../../src/modules/backends/file/read-backend.ts';
import type { WantedServer } from '../../../../../src/modules/backends/server.ts';
import { backend, server } from '../../../../helpers/backends.ts';

const edit = (text: string, servers: readonly WantedServer[], written: readonly string[] = []) =>
  editServers(text, backend(servers), { written: new Set(written) });

describe('our servers in haproxy.cfg', () => {
  const text = 'backend app\n  balance first\n  server s1 10.0.0.1:80 # mine\n\nbackend b\n';

  it('are added at the end of the section, by name', () => {
    const two = server('app-2', { address: 'fd00::2', port: 8080 });
    const one = server('app-1', { weight: 7 });

    expect(edit(text, [two, one]).text).toBe(
      `backend app
  balance first
  server s1 10.0.0.1:80 # mine
  server app-1 10.9.0.1:80 id ${one.id} weight 7
  server app-2 [fd00::2]:8080 id ${two.id} weight 1

backend b
`,
    );
  });

  it('have weight 0 where they drain, and disabled in maintenance, and never enabled', () => {
    const servers = [
      server('app-1', { state: 'drain' }),
      server('app-2', { state: 'maint' }),
      server('app-3', { weight: 7, state: 'drain' }),
    ];
    const lines = splitLines(edit(text, servers).text).filter((line) => /server app/.test(line));

    expect(lines.map((line) => line.trim().split(' ').slice(5).join(' '))).toEqual([
      'weight 0',
      'weight 1 disabled',
      'weight 0',
    ]);
    expect(edit(text, servers).text).not.toContain('enabled');
  });

  it('are changed where they stand, and go when nobody wants them', () => {
    const first = edit(text, [server('app-1'), server('app-2')]);
    expect(first).toMatchObject({ added: ['app-1', 'app-2'], changed: [], removed: [] });
    const moved = server('app-2', { address: '10.9.0.9' });

    const second = edit(first.text, [moved], ['app-1', 'app-2']);

    expect(second).toMatchObject({ added: [], changed: ['app-2'], removed: ['app-1'] });
    expect(edit(second.text, [], ['app-2']).text).toBe(text);
  });

  it('are the same whatever the order of their words', () => {
    const one = server('app-1', { weight: 3 });
    const written = `${text.replace('\n\n', `\n  server app-1 10.9.0.1:80   weight 3 id ${one.id} # x\n\n`)}`;

    expect(edit(written, [one])).toMatchObject({
      ...{ text: written, problems: [], added: [], changed: [], removed: [] },
    });
  });

  it('are only those that we remember, as they were there before us', () => {
    const { text: withTwo } = edit(text, [server('app-1'), server('app-2')]);

    expect(edit(withTwo, [], []).text).toBe(withTwo);
    expect(edit(withTwo, [], ['app-2', 's1']).text).toBe(edit(text, [server('app-1')]).text);
  });

  it('of a name or id of another server are left out, and it is said', () => {
    const clash = text.replace('# mine', `id ${server('app-2').id}`);
    const servers = [server('s1'), server('app-2'), server('t3'), server('t4')];

    const edited = edit(clash.replace('first\n', 'first\n  server-template t 3 a:80\n'), servers);

    expect(edited.added).toEqual(['t4']);
    expect(edited.problems).toEqual([
      expect.stringMatching(/another server s1/),
      expect.stringMatching(/another server of the id/),
      expect.stringMatching(/another server t3/),
    ]);
  });

  it('are never what could be more than a server', () => {
    const bad = [
      { ...server('app-1'), name: 'x 1.1.1.1:1\nbackend y' },
      server('app-2', { address: '999.1.1.1' }),
      server('app-3', { address: 'fe80::1%eth0' }),
      server('app-4', { address: 'example.com' }),
      server('app-5', { port: 0 }),
      server('app-6', { port: 1.5 }),
      server('app-7', { weight: 257 }),
      { ...server('app-8'), id: 8 },
      { ...server('app-9'), id: 2 ** 31 },
    ];

    const edited = edit(text, [...bad, server('app-0')]);

    expect(edited.added).toEqual(['app-0']);
    expect(edited.problems).toHaveLength(bad.length);
  });

  it('have the words that they are given, as HAProxy reads them', () => {
    const params = ['check', 'sni', 'str(a b)', 'cookie', '#"\'\\'];
    const wanted = backend([server('app-1')]);

    const { text: made } = editServers(text, wanted, { params });

    expect(made).toContain(' check sni str(a\\ b) cookie \\#\\"\\\'\\\\\n');
    expect(editServers(made, wanted, { params }).text).toBe(made);
    expect(editServers(made, wanted).changed).toEqual(['app-1']);
  });

  it('leave a file alone that has no such backend', () => {
    const edited = editServers('backend b\n', backend([server('app-1')]));
    expect(edited).toMatchObject({ text: 'backend b\n', problems: [expect.any(String)] });
  });

  it('come out of a condition that somebody has put around them', () => {
    const one = server('app-1');
    const line = `  server app-1 10.9.0.1:80 id ${one.id} weight 1\n`;
    const guarded = `backend app\n.if defined(X)\n${line}.endif\n`;

    const edited = edit(guarded, [one], ['app-1']);

    expect(edited.text).toBe(`backend app\n.if defined(X)\n.endif\n${line}`);
  });
});

const names = Array.from({ length: 12 }, (_, index) => `app-${index}`);
const ids = serverIds(names);

const wanted: fc.Arbitrary<readonly WantedServer[]> = fc
  .uniqueArray(fc.constantFrom(...names), { maxLength: 8 })
  .chain((chosen) =>
    fc.tuple(
      ...chosen.map((name) =>
        fc.record({
          name: fc.constant(name),
          id: fc.constant(ids.get(name) ?? 0),
          address: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1'),
          port: fc.constantFrom(80, 8080),
          weight: fc.constantFrom(0, 1, 256),
          state: fc.constantFrom('up' as const, 'drain' as const, 'maint' as const),
        }),
      ),
    ),
  );

const foreign = fc.constantFrom(
  ...['  balance first', '\tserver s1 10.0.0.1:80 check', '  default-server check inter 2s', ''],
  ...[
    '# a comment',
    '  # indented',
    '.if defined(X)',
    '.endif',
    '.else',
    '  server app-0x 1.1.1.1:1',
  ],
  ...['  server app-3 10.0.0.3:80', '  server app-4 10.0.0.4:80 id 4', '  option "httpchk"  '],
  ...['backend other', 'listen app2', 'frontend app', '  bind :80', 'defaults x', 'peers app'],
  ...['  server-template app-5 3 x:80', '  errorfile 503 "/a b" # c', 'userlist u', '   '],
);

/** Lines of somebody else around the header of the backend, with one line end, with and without the last. */
const file = fc
  .record({
    above: fc.array(foreign, { maxLength: 6 }),
    below: fc.array(foreign, { maxLength: 12 }),
    newline: fc.constantFrom('\n', '\n', '\r\n'),
    isEnded: fc.boolean(),
  })
  .map(({ above, below, newline, isEnded }) => {
    const text = [...above, 'backend app from x', ...below].join(newline);
    return isEnded ? text + newline : text;
  });

/** The lines of a text without line ends that are not servers of ours. */
function others(text: string): readonly string[] {
  const ours = new Set(
    (() => {
      const read = readBackend(text, 'app');
      return read.kind === 'none' ? [] : read.servers;
    })()
      .filter(({ name, id }) => id !== null && ids.get(name) === id)
      .map(({ line }) => line.index),
  );
  return splitLines(text)
    .filter((_line, index) => !ours.has(index))
    .map((line) => line.replace(/\r?\n$/, ''));
}

describe('for any haproxy.cfg', () => {
  it('changes no line of anybody else, through any row of wishes', () => {
    fc.assert(
      fc.property(file, fc.array(wanted, { minLength: 1, maxLength: 4 }), (text, rows) => {
        let now = text;
        for (const servers of rows) {
          const edited = edit(now, servers, names);
          expect(others(edited.text)).toEqual(others(text));
          now = edited.text;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('has done all after one edit, and has just the servers that it can have', () => {
    fc.assert(
      fc.property(file, wanted, wanted, (text, before, servers) => {
        const first = edit(text, before, names).text;
        const { text: once, problems } = edit(first, servers, names);
        const again = edit(once, servers, names);
        expect(again).toMatchObject({ text: once, added: [], changed: [], removed: [] });
        const read = readBackend(once, 'app');
        if (read.kind === 'none') {
          expect(once).toBe(text);
          return;
        }
        const ours = read.servers.filter(({ name, id }) => id !== null && ids.get(name) === id);
        expect(ours).toHaveLength(servers.length - problems.length);
        expect(ours.every(({ line }) => line.depth === 0)).toBe(true);
        for (const { name, address, port, words } of ours) {
          const want = servers.find((each) => each.name === name);
          expect({ address, port }).toEqual({ address: want?.address, port: want?.port });
          const said = words.map(({ keyword }) => keyword);
          expect(said.includes('disabled')).toBe(want?.state === 'maint');
        }
      }),
      { numRuns: 300 },
    );
  });

  it('goes back to what it was when our servers go, but for a line end at the end', () => {
    fc.assert(
      fc.property(file, wanted, (text, servers) => {
        const back = edit(edit(text, servers, names).text, [], names).text;
        expect(back.replace(/\r?\n$/, '')).toBe(text.replace(/\r?\n$/, ''));
      }),
      { numRuns: 300 },
    );
  });
});
