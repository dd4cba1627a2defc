import { describe, expect, it } from 'vitest';
import { damages, describeDamages, saysTheSame } from '../../../src/config-text/surviving-lines.ts';

const own = [{ keyword: 'peers', section: 'p', names: new Set(['b']), env: { HOSTNAME: 'b' } }];

function told(before: string, after: string): string {
  return describeDamages(damages(before, after, own));
}

describe('damages', () => {
  it.each([
    ['spaces, quotes and empty lines', 'a\n\tmode   "http"\n\n', 'a\n  mode http\n'],
    [
      'the version, the hash and what the api says of itself',
      '',
      '# _md5hash=1\n# _version=2\n# Dataplaneapi managed File\n',
    ],
    ['empty comments', '#\nglobal\n', 'global\n'],
    ['the place of a comment', '# why\nglobal\n  maxconn 1\n', 'global\n  maxconn 1\n  # why\n'],
    [
      'parameters in another order',
      'backend x\n cookie S insert nocache indirect\n',
      'backend x\n cookie S indirect insert nocache\n',
    ],
    [
      'sections in another order',
      'backend x\n fullconn 1\nuserlist u\n user a password b\n',
      'userlist u\n user a password b\nbackend x\n fullconn 1\n',
    ],
    [
      'keywords in another order',
      'backend x\n option a\n timeout queue 1s\n',
      'backend x\n timeout queue 1s\n option a\n',
    ],
    [
      'several global sections',
      'global\n maxconn 1\nglobal\n nbthread 2\n',
      'global\n nbthread 2\n maxconn 1\n',
    ],
    [
      'names for unnamed defaults',
      'defaults\n mode tcp\nfrontend f\ndefaults\n mode http\nfrontend g\n',
      'defaults unnamed_defaults_1\n mode tcp\ndefaults unnamed_defaults_2\n mode http\nfrontend f from unnamed_defaults_1\nfrontend g from unnamed_defaults_2\n',
    ],
    [
      'another word for the same',
      'frontend f\n http-request deny status 403\n',
      'frontend f\n http-request deny deny_status 403\n',
    ],
    ['our own entries', 'peers p\n peer "$HOSTNAME" 1.1.1.1:1\n', 'peers p\n peer b 2.2.2.2:1\n'],
    [
      'the order of peers',
      'peers p\n server a\n server c 1.1.1.1:1\n',
      'peers p\n server c 1.1.1.1:1\n server a\n',
    ],
  ])('are none for %s', (_title, before, after) => {
    expect(told(before, after)).toBe('');
  });

  it.each([
    [
      'a line',
      'backend x\n fullconn 1\n',
      'backend x\n',
      'line 2 (fullconn in backend x) would be lost',
    ],
    [
      'one of two equal lines',
      'backend x\n stick on src\n stick on src\n',
      'backend x\n stick on src\n',
      'line 3 (stick in backend x) would be lost',
    ],
    [
      'a word',
      'backend x\n cookie S insert\n',
      'backend x\n cookie S\n',
      'line 2 (cookie in backend x) would be lost',
    ],
    [
      'a section',
      'program x\n command y\n',
      '',
      'line 1 (program x) would be lost, line 2 (command in program x) would be lost',
    ],
    [
      'a line that goes into another section',
      'userlist u\n user a\nprogram x\n user b\n',
      'userlist u\n user a\n user b\nprogram x\n',
      'line 4 (user in program x) would be lost',
    ],
    [
      'other defaults',
      'defaults\nfrontend f\ndefaults\nfrontend g\n',
      'defaults unnamed_defaults_1\ndefaults unnamed_defaults_2\nfrontend f\nfrontend g\n',
      'line 2 (frontend f) would be lost',
    ],
    [
      'a variable',
      'backend x\n server s "${A}":1\n',
      'backend x\n server s "${B}":1\n',
      'line 2 (server in backend x) would be lost',
    ],
    [
      'quotes that kept a variable from being one',
      "backend x\n log-tag '$A'\n",
      'backend x\n log-tag "$A"\n',
      'line 2 (log-tag in backend x) would be lost',
    ],
    ['a comment', '# why\n', '', 'line 1 (a comment) would be lost'],
    [
      'a server under defaults from below it',
      'backend x\n server s :1\n default-server ssl\n',
      'backend x\n default-server ssl\n server s :1\n',
      'line 2 (server in backend x) would be lost',
    ],
    [
      'a peer of somebody else',
      'peers p\n peer c 1.1.1.1:1\n',
      'peers p\n',
      'line 2 (peer in peers p) would be lost',
    ],
    [
      'a peer of another section',
      'peers q\n peer b 1.1.1.1:1\n',
      'peers q\n',
      'line 2 (peer in peers q) would be lost',
    ],
    [
      'a condition in another order',
      'frontend f\n http-request deny if a !b\n',
      'frontend f\n http-request deny if !b a\n',
      'line 2 (http-request in frontend f) would be lost',
    ],
    [
      'a rule that is read later',
      'frontend f\n http-request allow if x\n http-request deny\n',
      'frontend f\n http-request deny\n http-request allow if x\n',
      'line 2 (http-request in frontend f) would be moved',
    ],
    [
      'servers in another order',
      'backend x\n server s :1\n server t :2\n',
      'backend x\n server t :2\n server s :1\n',
      'line 2 (server in backend x) would be moved',
    ],
  ])('are told for %s', (_title, before, after, said) => {
    expect(told(before, after)).toBe(said);
  });

  it('are told without what the lines say, which may be a secret', () => {
    const all = Array.from({ length: 9 }, (_, i) => `user u${i} insecure-password hunter${i}\n`);

    const text = told(`userlist u\n${all.join('')}`, 'userlist u\n');

    expect(text).not.toContain('hunter');
    expect(text).toMatch(/^line 2 \(user in userlist u\) would be lost, .*, and 4 more$/);
  });
});

it('takes a file and what the api makes of it for one configuration, either way', () => {
  const text = 'defaults\n mode http\nfrontend f\n http-request deny deny_status 403\n';
  const written = `# _md5hash=1
# _version=2
# Dataplaneapi managed File
# changing file directly can cause a conflict if dataplaneapi is running

defaults unnamed_defaults_1
  mode http

frontend f from unnamed_defaults_1
  http-request deny status 403
`;
  expect(saysTheSame(text, written)).toBe(true);
  expect(saysTheSame(written, text)).toBe(true);
  expect(saysTheSame(text, `${written}  maxconn 1\n`)).toBe(false);
  expect(saysTheSame(`${text} maxconn 1\n`, written)).toBe(false);
});
