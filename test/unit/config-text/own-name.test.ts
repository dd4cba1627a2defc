import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPeersSection } from '../../../src/config-text/peers-text.ts';
import { type RenderInput, renderHaproxyCfg } from '../../../src/config-text/render.ts';
import { renderInput } from '../../helpers/render-input.ts';

const tls = { bundle: '/tls.pem', ca: '/ca.pem', verifyHost: undefined };

function render(template: string, part: Partial<RenderInput> = {}) {
  return renderHaproxyCfg(renderInput(template, part));
}

/** Lines of the section `name` of what is rendered, without its parameters of TLS. */
function lines(text: string, name = 'p'): readonly string[] {
  const [, body = ''] = new RegExp(`^peers ${name}\n((?:[ \t]+.*\n)*)`, 'm').exec(text) ?? [];
  return body.split('\n').flatMap((line) => line.trim() || []);
}

describe('a peer whose name is a variable', () => {
  const outside = 'peers p\n  peer "$HOSTNAME" 0.0.0.0:3000\n  peer "${DR_NAME}" 192.0.2.1:3000\n';

  it('is one outside, and stays as it is written, when the variable is not set here', () => {
    const { text, warnings, staticPeers } = render(outside);

    expect(lines(text)).toEqual([
      'peer a 10.0.0.1:3000',
      'peer "${DR_NAME}" 192.0.2.1:3000',
      'peer b 10.0.0.2:3000',
    ]);
    expect(warnings.join()).toContain('line 3: the variable of peer "${DR_NAME}" is not set here');
    expect(staticPeers).toEqual(['"${DR_NAME}"']);
  });

  it('is one outside, too, when it is set', () => {
    const { text, staticPeers } = render(outside, { env: { HOSTNAME: 'a', DR_NAME: 'dr' } });

    expect(lines(text)).toContain('peer "${DR_NAME}" 192.0.2.1:3000');
    expect(staticPeers).toEqual(['dr']);
  });

  it('keeps its address with TLS', () => {
    expect(lines(render(outside, { tls }).text)).toContain('server "${DR_NAME}" 192.0.2.1:3000');
  });

  it.each([
    ['"$HAPROXY_LOCALPEER"', '127.0.0.1:10000'],
    ['"${HAPROXY_LOCALPEER}"', '10.0.0.9:1024'],
    ['"$POD_NAME"', '10.0.0.9:1024'],
    ['"${NOPE-a}"', '10.0.0.9:1024'],
    ['"$ME"', '0.0.0.0:3000'],
    ['"$ME"', '*:3000'],
    ['"$SET"', '10.0.0.9:1024'],
  ])('is this pod: %s %s', (name, address) => {
    const { text, staticPeers } = render(
      `global\n  setenv SET a\npeers p\n  peer ${name} ${address}\n`,
    );

    expect(lines(text)).toEqual(['peer a 10.0.0.1:3000', 'peer b 10.0.0.2:3000']);
    expect(staticPeers).toEqual([]);
  });

  it('is this pod by what HAProxy calls itself, whatever the hostname', () => {
    const env = { HOSTNAME: 'node-1', POD_NAME: 'web-7' };
    for (const name of ['"$HOSTNAME"', '"$POD_NAME"', '"$HAPROXY_LOCALPEER"', 'node-1']) {
      expect(lines(render(`peers p\n  peer ${name} 0.0.0.0:3000\n`, { env }).text)).toEqual([
        'peer a 10.0.0.1:3000',
        'peer b 10.0.0.2:3000',
      ]);
    }
  });
});

describe('the name that localpeer of the template has', () => {
  const ingress =
    'global\n  localpeer local\npeers p\n  peer local 127.0.0.1:10000\nbackend x\n  stick-table type ip size 1k peers p\n';

  it('is this pod, and nobody else', () => {
    const { text, warnings, staticPeers } = render(ingress);

    expect(text).toContain('localpeer a\n');
    expect(lines(text)).toEqual(['peer a 10.0.0.1:3000', 'peer b 10.0.0.2:3000']);
    expect(staticPeers).toEqual([]);
    expect(warnings.join()).toContain('peer local is this pod, because localpeer of the template');
    expect(render(text).text).toBe(text);
  });

  it('is this pod in other peers sections, which HAProxy would drop without it', () => {
    const { text } = render(
      `${ingress}peers other\n  peer local 127.0.0.1:10001\n  peer x 192.0.2.1:1\n`,
    );

    expect(lines(text, 'other')).toEqual(['peer a 127.0.0.1:10001', 'peer x 192.0.2.1:1']);
  });

  it('is a sibling when a sibling is called so', () => {
    const template = 'global\n  localpeer b\npeers p\n  peer b 10.0.0.2:3000\n';

    expect(lines(render(template).text)).toEqual(['peer b 10.0.0.2:3000', 'peer a 10.0.0.1:3000']);
    const expected = [{ name: 'c', address: '127.0.0.1', port: 1 }];
    const later = template.replaceAll(' b', ' c');
    expect(lines(render(later, { expected }).text)).toContain('peer c 10.0.0.2:3000');
  });

  it('is written once, however often the template says it', () => {
    const twice = ingress.replace('10000\n', '10000\n  peer "$HOSTNAME" 0.0.0.0:3000\n');

    expect(lines(render(twice).text)).toEqual(['peer a 10.0.0.1:3000', 'peer b 10.0.0.2:3000']);
  });
});

describe('a section that siblings cannot get to', () => {
  it.each([
    'bind :1024',
    'bind 10.0.0.1:1024 ssl crt /x',
    'bind *:1024,:::1025',
    'bind "$POD_IP:1024"',
  ])('is refused: %s', (bind) => {
    const env = { HOSTNAME: 'a', POD_IP: '10.0.0.1' };
    expect(() => render(`peers p\n  ${bind}\n  server a\n`, { env })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('peers connect to 10.0.0.1:3000'),
      }),
    );
  });

  it.each(['bind 127.0.0.1:3000', 'bind 127.0.0.1:1024', 'bind 192.0.2.9:3000', 'bind [::1]:3000'])(
    'is warned of where something may be in front: %s',
    (bind) => {
      expect(render(`peers p\n  ${bind}\n  server a\n`).warnings.join()).toContain(
        'it does not listen there',
      );
    },
  );

  it.each([
    'bind :3000',
    'bind *:3000',
    'bind :::3000',
    'bind 10.0.0.1:3000',
    'bind 127.0.0.1:1,10.0.0.1:3000',
    'bind "$NOBODY_KNOWS"',
    'bind unix@/run/peers.sock',
    // Seen with HAProxy 2.6, 3.0 and 3.4: it is the port of checks, and peers have none.
    'bind :3000\n  default-server port 1024',
  ])('is not: %s', (bind) => {
    expect(render(`peers p\n  ${bind}\n  server a\n`).warnings).toEqual([]);
  });

  it('is none whose bind is of another family', () => {
    const six = { name: 'a', address: 'fd00::1' };
    const put = (bind: string) =>
      render(`peers p\n  ${bind}\n  server a\n`, { self: six, members: [] }).warnings;
    expect(put('bind :3000').join()).toContain('it does not listen there');
    expect(put('bind :::3000')).toEqual([]);
  });
});

describe('whatever a template calls its peers', () => {
  const names = fc.constantFrom(
    ...['a', 'b', 'dr', '"$HOSTNAME"', '"${DR}"', '"${DR-dr2}"', '"$HAPROXY_LOCALPEER"', 'local'],
    ...["'$HOSTNAME'", '"x-$SITE"', '"q"', '${HOSTNAME}'],
  );
  const peer = fc.record({ name: names, host: fc.integer({ min: 1, max: 254 }) });

  it('every peer that is not this pod is still there, this pod once, and a second time changes nothing', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(peer, { selector: ({ name }) => name }),
        fc.boolean(),
        fc.constantFrom({ HOSTNAME: 'a' }, { HOSTNAME: 'a', DR: 'dr3', SITE: 's' }),
        (peers, localpeer, env) => {
          const body = peers.map(({ name, host }) => `  peer ${name} 192.0.2.${host}:3000\n`);
          const head = localpeer ? 'global\n  localpeer local\n' : '';
          const template = `${head}peers p\n${body.join('')}`;
          const before = readPeersSection(template, 'p', env).entries;
          const me = new Set(['a', localpeer ? 'local' : 'a']);

          const { text } = render(template, { env });

          const after = readPeersSection(text, 'p', env).entries;
          expect(after.filter(({ name }) => name === 'a')).toHaveLength(1);
          for (const { name } of before.filter((entry) => !me.has(entry.name)))
            expect(after.map((entry) => entry.name)).toContain(name);
          expect(after).toHaveLength(
            new Set(['a', 'b', ...before.map(({ name }) => (me.has(name) ? 'a' : name))]).size +
              before.filter(
                ({ name }, at) => before.findIndex((x) => x.name === name) < at && !me.has(name),
              ).length,
          );
          expect(render(text, { env }).text).toBe(text);
        },
      ),
    );
  });
});
