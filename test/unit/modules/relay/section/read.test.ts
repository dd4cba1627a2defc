import { describe, expect, it } from 'vitest';
import { readRelaySection } from '../../../../../src/modules/relay/section/read.ts';
import { renderRelayCfg } from '../../../../../src/modules/relay/section/render.ts';
import { relayInput } from '../../../../helpers/relay-input.ts';

const template = `global
  maxconn 10
peers haproxy-peers
  table inside type ip size 1k
  table "also inside" type ip size 1k # table three type ip
peers "$OTHER"
  table elsewhere type ip size 1k
backend one
  stick-table type ip size 1k peers haproxy-peers
backend two
  stick-table type ip size 1k peers other
backend three
  .if defined(X)
  stick-table type ip peers "$SECTION" size 1k
  .endif
backend four
  stick-table type ip size 1k
  # stick-table type ip size 1k peers haproxy-peers
`;

describe('readRelaySection', () => {
  it('reads what is rendered', () => {
    const { text } = renderRelayCfg(relayInput(template));

    expect(readRelaySection(text, 'haproxy-peers')).toEqual({
      at: { path: '/var/run/haproxy/peers.sock' },
      slots: ['s1', 's2', 's3'],
      hasLesson: true,
      tables: 4,
    });
  });

  it('reads a port of the loopback', () => {
    const { text } = renderRelayCfg(relayInput(`global\n  chroot /jail\n${template}`));

    expect(readRelaySection(text, 'haproxy-peers')?.at).toEqual({ host: '127.0.0.1', port: 3000 });
  });

  it.each([
    ['no section of that name', () => ''],
    ['no bind', (text: string) => text.replace(/^ *bind .*$/m, '')],
    ['two binds', (text: string) => text.replace(/^ *bind .*$/m, '$&\n$&')],
    ['a bind that is not known here', (text: string) => text.replace(/bind \S+/, 'bind "$X"')],
    ['no local peer', (text: string) => text.replace('server self', '')],
    ['slots elsewhere', (text: string) => text.replaceAll(/(s\d) \S+/g, '$1 10.0.0.1:3000')],
  ])('knows that there is %s', (_, change) => {
    const { text } = renderRelayCfg(relayInput(''));

    expect(readRelaySection(change(text), 'haproxy-peers')).toBeNull();
  });

  it('says where a slot or the lesson is missing', () => {
    const { text } = renderRelayCfg(relayInput(''));
    const without = text.replace(/^ *server (s2|lesson) .*\n/gm, '');

    expect(readRelaySection(without, 'haproxy-peers')).toMatchObject({
      slots: ['s1', 's3'],
      hasLesson: false,
    });
  });
});
