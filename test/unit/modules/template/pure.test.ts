import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPeersSection } from '../../../../src/config-text/peers-text.ts';
import { RemoteError } from '../../../../src/errors.ts';
import { changedByHand } from '../../../../src/modules/template/by-hand.ts';
import { templateEdit } from '../../../../src/modules/template/edit.ts';
import { withLivePeers } from '../../../../src/modules/template/live-peers.ts';
import { listenersOf, newListeners } from '../../../../src/modules/template/ports.ts';
import {
  permittedLosses,
  refuseLosses,
  tableLosses,
} from '../../../../src/modules/template/table-losses.ts';
import { server } from '../../../helpers/backends.ts';

const where = { sectionName: 'p', selfName: 'a', env: {} };

/** haproxy.cfg with these lines in a backend, and these peers. */
function config(lines: readonly string[], peers: readonly string[] = []): string {
  const own = ['a 10.0.0.1:3000', ...peers].map((peer) => `  peer ${peer}\n`);
  return `global\n  localpeer a\npeers p\n${own.join('')}backend b\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function editOf(base: string, next: string) {
  return templateEdit({ bases: [base], next, where, lacks: async () => false });
}

function configuration(text: string) {
  return { text, version: '1', obstacles: [] };
}

describe('what somebody else has changed', () => {
  const line = fc.constantFrom(
    'fullconn 1',
    'fullconn 2',
    'timeout queue 1s',
    'balance first',
    '# x',
  );
  const some = fc.uniqueArray(line, { maxLength: 4 });

  it('is never lost by another template: it is there afterwards, or it is said', () => {
    fc.assert(
      fc.property(some, some, some, (base, live, next) => {
        const lost = changedByHand(config(base), config(live), config(next), []);
        const added = live.filter((each) => !base.includes(each));
        const removed = base.filter((each) => !live.includes(each));
        const isKept =
          added.every((each) => next.includes(each)) &&
          removed.every((each) => !next.includes(each));
        if (!isKept) expect(lost).not.toEqual([]);
      }),
    );
  });

  it('is nothing where nobody has changed anything', () => {
    fc.assert(
      fc.property(some, some, (base, next) => {
        expect(changedByHand(config(base), config(base), config(next), [])).toEqual([]);
      }),
    );
  });

  it('is told without the words of the line', () => {
    const [why] = changedByHand(
      config([]),
      config(['server s 10.0.0.9:80 # secret']),
      config([]),
      [],
    );

    expect(why).toBe('line 6 (server in backend b) was added and would be lost');
  });
});

describe('the edit', () => {
  const peer = fc.constantFrom('b 10.0.0.2:3000', 'c 10.0.0.3:3000', 'd 10.0.0.4:3000');
  const peers = fc.uniqueArray(peer, { maxLength: 3 });

  it('keeps every peer that is there, whatever the template says, and is made once', () => {
    fc.assert(
      fc.property(peers, peers, peers, (before, live, next) => {
        const edit = editOf(config(['fullconn 1'], before), config(['fullconn 2'], next));
        const text = config(['fullconn 1'], live);

        const step = edit.remaining(configuration(text));
        const made = step?.inText(text) ?? '';

        const names = readPeersSection(made, 'p').entries.map((entry) => entry.name);
        for (const each of live) expect(names).toContain(each[0]);
        expect(made).toContain('fullconn 2');
        expect(edit.remaining(configuration(made))).toBeNull();
      }),
    );
  });

  it('takes over peers that another edit adds in the same text', () => {
    const text = config(['fullconn 1']);
    const step = editOf(text, config(['fullconn 2'])).remaining(configuration(text));

    expect(step?.inText(config(['fullconn 1'], ['b 10.0.0.2:3000']))).toContain('peer b 10.0.0.2');
  });

  it('throws where it would take away what somebody else has changed, and not where the template has it, too', () => {
    const base = config(['fullconn 1']);
    const live = configuration(config(['fullconn 1', 'timeout queue 1s']));

    expect(() => editOf(base, config(['fullconn 2'])).remaining(live)).toThrow(RemoteError);
    const taken = editOf(base, config(['fullconn 2', 'timeout queue 1s'])).remaining(live);
    expect(taken).not.toBeNull();
  });

  it('keeps the servers that this program has put into a backend, which no template has', () => {
    const { name, id } = server('app-1');
    const line = `server ${name} 10.9.0.1:80 id ${id} weight 1`;
    const base = config(['fullconn 1']);
    const live = configuration(config(['fullconn 1', line]));

    expect(editOf(base, base).remaining(live)).toBeNull();
    const step = editOf(base, config(['fullconn 2'])).remaining(live);
    expect(step?.inText(live.text)).toBe(config(['fullconn 2', line]));
    const stranger = configuration(config(['fullconn 1', line.replace(`${id}`, '7')]));
    expect(() => editOf(base, config(['fullconn 2'])).remaining(stranger)).toThrow(RemoteError);
  });

  describe('a template that drops a backend with servers of this program', () => {
    const { name, id } = server('app-1');
    const line = `server ${name} 10.9.0.1:80 id ${id} weight 1`;
    const base = `${config(['fullconn 1'])}backend app\n  balance first\n`;
    const live = `${base}  ${line}\n`;

    it.each([
      ['drops it', config(['fullconn 1'])],
      [
        'puts it into a condition',
        `${config(['fullconn 1'])}.if defined(X)\nbackend app\n.endif\n`,
      ],
      ['has a server of that name', `${base}  server ${name} 192.0.2.1:80\n`],
    ])('is no change by hand where it %s', (_, next) => {
      const step = editOf(base, next).remaining(configuration(live));

      expect(step?.inText(live)).toBe(next);
      expect(editOf(base, next).remaining(configuration(next))).toBeNull();
    });

    it('is one where somebody has added a server of their own, of which the line is told', () => {
      const theirs = configuration(`${live}  server theirs 192.0.2.9:80\n`);
      const number = theirs.text.split('\n').length - 1;

      expect(() => editOf(base, config(['fullconn 1'])).remaining(theirs)).toThrow(
        `line ${number} (server in backend app) was added and would be lost`,
      );
      expect(() => editOf(base, config(['fullconn 1'])).remaining(theirs)).not.toThrow(
        `line ${number - 1} `,
      );
    });
  });

  it('says so where nobody knows what haproxy.cfg was made from', () => {
    const edit = templateEdit({ bases: [], next: config([]), where, lacks: async () => false });

    expect(edit.remaining(configuration(config([], ['b 10.0.0.2:3000'])))).toBeNull();
    expect(() => edit.remaining(configuration(config(['fullconn 1'])))).toThrow('is not known');
  });
});

describe('peers of the template itself', () => {
  it('get the address that the template gives them now, unless only the section has changed', () => {
    const outside = (address: string) => config([], [`outside ${address}:1`]);
    const live = config([], ['outside 192.0.2.9:1', 'b 10.0.0.2:3000']);

    expect(withLivePeers(outside('192.0.2.1'), outside('192.0.2.2'), live, where)).toContain(
      'peer outside 192.0.2.2:1',
    );
    expect(withLivePeers(outside('192.0.2.1'), outside('192.0.2.1'), live, where)).toContain(
      'peer outside 192.0.2.9:1',
    );
  });
});

describe('ports', () => {
  it('are those of bind lines with an address, in all their forms', () => {
    const text =
      'frontend f\n bind :80\n bind *:81,10.0.0.1:82\n bind [::]:83 v4v6\n bind :::84\n bind ipv6@:85\n bind /run/s\n bind :90-99\n bind "${X}"\nbackend b\n bind :1\n';

    expect(listenersOf(text, {}).map(({ host, port }) => `${host} ${port}`)).toEqual([
      ' 80',
      ' 81',
      '10.0.0.1 82',
      ':: 83',
      ':: 84',
      ' 85',
    ]);
    expect(listenersOf(text, {})[0]?.line).toBe(2);
  });

  it('are new ones only: HAProxy takes over from itself', () => {
    const next = 'frontend f\n bind 10.0.0.1:80\n bind :443\n';

    expect(newListeners('frontend f\n bind :80\n', next, {}).map(({ port }) => port)).toEqual([
      443,
    ]);
  });
});

describe('tables that lose entries', () => {
  const sentences = (base: string, next: string) =>
    tableLosses(base, next).map(({ table: name, why }) => `${name} ${why}`);
  const table = (line: string) => `peers p\n  peer a\nbackend b\n  ${line}\n`;
  const before = table('stick-table type string len 64 size 1m expire 1h peers p');

  it.each([
    ['gone', 'timeout queue 1s', 'b is gone'],
    [
      'without peers',
      'stick-table type string len 64 size 1m',
      'b is no longer shared over peers p',
    ],
    [
      'in another section',
      'stick-table type string len 64 size 1m peers q',
      'b is no longer shared',
    ],
    ['of other keys', 'stick-table type ip size 1m peers p', 'b has keys of another type'],
    ['of shorter keys', 'stick-table type string len 32 size 1m peers p', 'b has keys of another'],
    ['smaller', 'stick-table type string len 64 size 512k peers p', 'b holds fewer entries'],
  ])('are those that are %s', (_what, line, why) => {
    expect(sentences(before, table(line)).join()).toContain(why);
  });

  it('are none where a table is larger, is new, expires otherwise or was never shared', () => {
    const larger = 'stick-table type string len 64 size 1g expire 2h peers p';
    expect(tableLosses(before, table(larger))).toEqual([]);
    expect(tableLosses(table('mode http'), before)).toEqual([]);
    expect(tableLosses(table('stick-table type ip size 1m'), table('mode http'))).toEqual([]);
  });

  it('are those of a peers section, too', () => {
    const own = 'peers p\n  peer a\n  table t type ip size 1m\n';
    expect(sentences(own, 'peers p\n  peer a\n')).toEqual(['p/t is gone']);
  });

  const smaller = tableLosses(before, table('stick-table type string len 64 size 10 peers p'));
  const gone = tableLosses(before, table('mode http'));
  const holding = (used: number) => new Map([['b', used]]);

  it('are refused where they hold more than is kept', () => {
    const refusal = expect.objectContaining({ code: 'TEMPLATE_LOSES_ENTRIES' });

    expect(() => refuseLosses(gone, '', holding(1))).toThrow(refusal);
    expect(() => refuseLosses(smaller, '', holding(11))).toThrow(refusal);
    expect(() => refuseLosses(smaller, '', holding(10))).not.toThrow();
    expect(() => refuseLosses(gone, '', new Map())).not.toThrow();
  });

  it.each([
    ['# haproxy-peer-sync:allow-table-loss b', true],
    ['\t#haproxy-peer-sync:allow-table-loss a, b\r', true],
    ['# haproxy-peer-sync:allow-table-loss a\n# haproxy-peer-sync:allow-table-loss b', true],
    ['# haproxy-peer-sync:allow-table-loss', false],
    ['# haproxy-peer-sync:allow-table-loss bb', false],
    ['# haproxy-peer-sync:allow-table-loss *', false],
    ['mode http # haproxy-peer-sync:allow-table-loss b', false],
    ['# haproxy-peer-sync:allow-table-losses b', false],
  ])('are permitted by a comment that names them: %j', (comment, isPermitted) => {
    const refuse = () => refuseLosses(gone, `global\n${comment}\n`, holding(1));

    if (isPermitted) expect(refuse).not.toThrow();
    else expect(refuse).toThrow('b is gone');
    expect(permittedLosses(gone, comment)).toEqual(isPermitted ? ['b is gone'] : []);
  });
});
