import { describe, expect, it } from 'vitest';
import { helloLimit, readHello } from '../../../../../src/modules/relay/bridge/hello.ts';
import { randomOf } from '../../../../helpers/random.ts';

const read = (text: string) => readHello(Buffer.from(text, 'latin1'));

describe('what a HAProxy says that connects as a peer', () => {
  it('is whom it means, who it is, and the pid of its worker', () => {
    const text = 'HAProxyS 2.1\nours-1\ntheirs.x_y:z 4711 1\n';
    expect(read(text)).toEqual({
      ...{ kind: 'hello', to: 'ours-1', from: 'theirs.x_y:z', pid: 4711, rest: text.length },
    });
  });

  it('is not complete before the third line break, wherever it is cut', () => {
    const text = 'HAProxyS 2.1\nours\ntheirs 10 1\n';
    for (let cut = 0; cut < text.length; cut += 1)
      expect(read(text.slice(0, cut)), `${cut}`).toEqual({ kind: 'more' });
    expect(read(`${text}\0\0`)).toMatchObject({ kind: 'hello', rest: text.length });
  });

  it.each([
    ['HTTP', 'GET / HTTP/1.1\r\n', 501],
    ['a first byte that is none of it', '\0', 501],
    ['the version before', 'HAProxyS 2.0\na\nb 1 1\n', 502],
    ['another version', 'HAProxyS 3.0\na\nb 1 1\n', 502],
    ['no pid', 'HAProxyS 2.1\na\nb\n', 501],
    ['a name with a space', 'HAProxyS 2.1\na\nb c 10 1\n', 501],
    ['a name that HAProxy does not take', 'HAProxyS 2.1\na\nb/c 10 1\n', 501],
    ['an empty name', 'HAProxyS 2.1\n\nb 10 1\n', 501],
    ['a pid of many digits', `HAProxyS 2.1\na\nb ${'1'.repeat(40)} 1\n`, 501],
    ['more behind the version', 'HAProxyS 2.1 x\na\nb 10 1\n', 501],
  ])('is refused as HAProxy does: %s', (_, text, status) => {
    expect(read(text)).toMatchObject({ kind: 'refused', status });
  });

  it('has no answer where it speaks TLS, which would not understand one', () => {
    const refused = readHello(Buffer.from('1603010200010001fc0303', 'hex'));
    expect(refused).toMatchObject({ kind: 'refused', status: null });
    expect(refused.kind === 'refused' && refused.why).toContain('--peers-tls');
  });

  it('has a limit, whatever comes', () => {
    expect(read(`HAProxyS 2.1\n${'a'.repeat(helloLimit)}`)).toMatchObject({ kind: 'refused' });
    const random = randomOf(7);
    for (let round = 0; round < 500; round += 1) {
      const bytes = Buffer.from(Array.from({ length: helloLimit }, () => random() * 256));
      expect(readHello(bytes).kind).toBe('refused');
    }
  });

  it('shows what was said in a way that a log can hold', () => {
    const refused = read('\x1b[31mred\n');
    expect(refused.kind === 'refused' && refused.why).toBe('it says "\\u001b[31mred"');
  });
});
