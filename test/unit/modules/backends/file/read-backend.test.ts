import { describe, expect, it } from 'vitest';
import { firstId } from '../../../../../src/modules/backends/endpoints/server-id.ts';
import {
  type Backend,
  readBackend,
} from '../../../../../src/modules/backends/file/read-backend.ts';
import { isMarked } from '../../../../../src/modules/backends/file/server-line.ts';

function found(text: string, env = {}): Backend {
  const backend = readBackend(text, 'app', env);
  if (backend.kind === 'none') throw new Error(backend.why);
  return backend;
}

const words = (backend: Backend) =>
  backend.defaultServer.map(({ keyword, values }) => [keyword, ...values].join(' '));

describe('which section it is', () => {
  it.each([
    ['nothing', 'frontend app\n  bind :80\n', /no backend and no listen of the name app/],
    ['two of the name', 'backend app\nbackend b\nlisten app\n', /in lines 1 and 3/],
    ['one in a condition', '.if defined(X)\nbackend app\n.endif\n', /line 2: .* condition of \.if/],
  ])('says why there is none: %s', (_title, text, why) => {
    expect(readBackend(text, 'app')).toEqual({ kind: 'none', why: expect.stringMatching(why) });
  });

  it.each([
    'frontend app\n  bind :80\nbackend app\n  balance first\n',
    'listen app\n  balance first\n',
  ])('finds it beside other sections of the name: %j', (text) => {
    expect(found(text).balance).toBe('first');
  });
});

describe('balance, hash-type and default-server', () => {
  it('are those of the last defaults above it, which begin with nothing', () => {
    const text = [
      ...['defaults', '  balance first', '  default-server inter 9s'],
      ...['defaults named', '  balance source', '  hash-type consistent'],
      ...['  default-server check', 'backend app', 'defaults', '  balance leastconn', ''],
    ].join('\n');

    expect(found(text)).toMatchObject({ balance: 'source', hashType: 'consistent' });
    expect(words(found(text))).toEqual(['check']);
  });

  it('are those of the defaults that it names, and of those that these name', () => {
    const text = [
      ...['defaults base', '  balance source', '  default-server check inter 1s'],
      ...['defaults web from base', '  hash-type consistent', '  default-server inter 2s'],
      ...['defaults other', '  balance first'],
      ...['backend app from web', '  default-server no-check rise 3', ''],
    ].join('\n');

    expect(found(text)).toMatchObject({ balance: 'source', hashType: 'consistent' });
    expect(words(found(text))).toEqual(['check', 'inter 1s', 'inter 2s', 'no-check', 'rise 3']);
  });

  it('are its own where it has them, the last that stands there', () => {
    const text =
      'defaults\n  balance first\nbackend app\n  balance hdr(Host)\n  balance uri depth 3\n';

    expect(found(text)).toMatchObject({ balance: 'uri', hashType: null, problems: [] });
  });

  it('are read as haproxy.cfg has them: quotes, escapes, variables, comments', () => {
    const text = [
      ...['global', '  setenv SNI a.b', 'backend app'],
      '  default-server sni "str(${SNI} c)" check-sni a\\ b # inter 5s',
      '  "default-server" \'inter\' "${GIVEN}"',
      '  default-server source 0.0.0.0 usesrc client set-proxy-v2-tlv-fmt(0x20) %[fc_pp_unique_id]',
      '',
    ].join('\n');

    expect(words(found(text, { GIVEN: '4s' }))).toEqual([
      ...['sni str(a.b c)', 'check-sni a b', 'inter 4s', 'source 0.0.0.0 usesrc client'],
      'set-proxy-v2-tlv-fmt(0x20) %[fc_pp_unique_id]',
    ]);
  });

  it('are only those above our servers, where there are any', () => {
    const id = firstId('app-0');
    const text = `backend app\n  default-server check\n  server app-0 10.0.0.1:80 id ${id}\n  default-server inter 1s\n`;

    expect(words(found(text))).toEqual(['check']);
    expect(words(found(text.replace(`${id}`, '7')))).toEqual(['check', 'inter 1s']);
  });

  it.each([
    [
      '.if defined(X)\n  default-server check\n.endif',
      /line 4 \(default-server\) is in a condition/,
    ],
    ['default-server inter "${NOBODY}"', /line 3 \(default-server\) has a variable/],
    ['default-server check with-future 3', /has "with-future", which is not known here/],
    ['default-server inter', /has "inter"/],
    ['.if defined(X)\n  balance first\n.else\n  balance random\n.endif', /line 4 \(balance\)/],
  ])('says what is not known: %j', (line, problem) => {
    const { problems } = found(`defaults\nbackend app\n  ${line}\n`);
    expect(problems[0]).toMatch(problem);
  });

  it('says it of defaults, too', () => {
    const text = '.if defined(X)\ndefaults\n  balance first\n.endif\nbackend app\n';
    expect(found(text).problems).toEqual(['line 3 (balance) is in a condition of .if']);
  });
});

describe('servers', () => {
  it('are all that the section has, with their names and ids', () => {
    const id = firstId('app-1');
    const text = [
      ...['backend app', '  server s1 10.0.0.1:80 check id 7 weight 3', '  server s2 example.com'],
      ...[`  server app-1 [fd00::1]:80 weight 1 id ${id}`, '  server-template t 2-4 x:80'],
      ...['.if defined(X)', '  server s3 10.0.0.3:80', '.endif', ''],
    ].join('\n');

    const { servers, templates } = found(text);

    expect(servers.map((each) => [each.name, each.id, each.address, isMarked(each)])).toEqual([
      ['s1', 7, '10.0.0.1', false],
      ['s2', null, '', false],
      ['app-1', id, 'fd00::1', true],
      ['s3', null, '10.0.0.3', false],
    ]);
    expect(templates).toEqual([{ prefix: 't', first: 2, last: 4 }]);
  });
});
