import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseShowProc } from '../../../src/haproxy/master.ts';
import { parseShowPeers } from '../../../src/haproxy/show-peers.ts';
import { parseShowTable } from '../../../src/haproxy/show-table.ts';

/** Recorded from the real programs: `a` started alone, `b` joined it later and was reloaded once. */
function sample(name: string): string {
  return readFileSync(new URL(`../../golden/show-peers/${name}.txt`, import.meta.url), 'utf8');
}

const versions = ['2.6', '3.0', '3.4'];

describe.each(versions)('show peers of HAProxy %s', (version) => {
  it.each([
    ['pending', 'pending'],
    ['alone', 'alone'],
    ['learned', 'learned'],
    ['reloaded', 'learned'],
  ])('reads the %s sample as %s', (name, resync) => {
    const [state, ...rest] = parseShowPeers(sample(`${version}-${name}`));

    expect(state).toMatchObject({ section: 'haproxy-peers', resync });
    expect(rest).toEqual([]);
  });

  it('tells the local peer, and who is connected', () => {
    const [alone] = parseShowPeers(sample(`${version}-alone`));
    const [learned] = parseShowPeers(sample(`${version}-learned`));

    expect(alone).toMatchObject({ localName: 'a' });
    expect(alone?.peers.map(({ name, established }) => [name, established])).toEqual(
      expect.arrayContaining([
        ['a', false],
        ['b', false],
      ]),
    );
    expect(learned).toMatchObject({ localName: 'b' });
    expect(learned?.peers.find(({ name }) => name === 'a')).toMatchObject({
      established: true,
      lastStatus: 'ESTA',
      local: false,
    });
  });

  it('reads show table and show proc', () => {
    expect(parseShowTable(sample(`${version}-show-table`))[0]).toEqual({
      name: 'sessions',
      type: 'string',
      size: 1_048_576,
      used: 1,
    });
    const processes = parseShowProc(sample(`${version}-show-proc`));
    expect(processes.map(({ kind, reloads }) => [kind, reloads])).toEqual([
      ['master', 1],
      ['worker', 0],
    ]);
  });
});

describe('show peers of a format to come', () => {
  const known = sample('3.4-learned');

  it.each([
    ['flags are missing', known.replace('flags=0x22100003', '')],
    ['flags are of the other layout', known.replace('flags=0x22100003', 'flags=0x1103')],
    ['peers have another form', known.replaceAll('(remote,active)', '')],
    ['no peer is listed', known.split('\n')[0] ?? ''],
  ])('is unknown, never finished, when %s', (_, text) => {
    expect(parseShowPeers(text)).toMatchObject([{ resync: 'unknown' }]);
  });

  it('has no section when the answer is empty or garbage', () => {
    expect(parseShowPeers('')).toEqual([]);
    expect(parseShowPeers('Unknown command: show peers')).toEqual([]);
  });

  it.each([
    ['8s', 8],
    ['0s', 0],
    ['2m5s', 125],
    ['1h59m', 7140],
    ['3d1h', 262_800],
    ['<NEVER>', undefined],
    ['<PAST>', undefined],
    ['?', undefined],
  ])('reads the age of a session of %s', (text, seconds) => {
    const answer = sample('3.4-learned').replace(/(id=a\(.* last_hdshk=)\S+/, `$1${text}`);
    const a = parseShowPeers(answer)[0]?.peers.find(({ name }) => name === 'a');

    expect(a?.sessionSeconds).toBe(seconds);
  });
});

describe.each(versions)('the line for lessons in show peers of HAProxy %s', (version) => {
  /** As HAProxy shows a peer that is called so: as it shows its own line, but for the name and the side. */
  function withLesson(text: string, address?: string): string {
    return text.replace(/^ {2}0x\w+: id=(\S+)\(local,.*$/m, (own) => {
      const line = own.replace(/id=\S+\(local,/, 'id=lesson(remote,').replace('=NONE', '=NAME');
      const there = address === undefined ? line : line.replace(/addr=\S+/, `addr=${address}`);
      return `${there}\n${own}`;
    });
  }

  it.each(['pending', 'alone', 'learned', 'reloaded'])('is no peer of the %s sample', (name) => {
    const [without] = parseShowPeers(sample(`${version}-${name}`));

    expect(parseShowPeers(withLesson(sample(`${version}-${name}`)))).toEqual([
      { ...without, hasLesson: true },
    ]);
  });

  it('is a peer like others where it points elsewhere', () => {
    const [state] = parseShowPeers(withLesson(sample(`${version}-alone`), '192.0.2.1:3000'));

    expect(state?.peers.map(({ name }) => name)).toContain('lesson');
    expect(state?.hasLesson).toBeUndefined();
  });

  it('is known by the loopback where HAProxy listens everywhere', () => {
    const own = /\(local,\w+\) addr=(\S+):(\d+)/.exec(sample(`${version}-alone`));
    const all = sample(`${version}-alone`).replace(`addr=${own?.[1]}:`, 'addr=0.0.0.0:');

    const [state] = parseShowPeers(withLesson(all, `127.0.0.1:${own?.[2]}`));

    expect(state?.hasLesson).toBe(true);
  });
});
