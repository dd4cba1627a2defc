import { describe, expect, it } from 'vitest';
import { parseLabelsFile, readLabelsFile } from '../../../src/sources/labels-file.ts';

describe('parseLabelsFile', () => {
  it('reads what kubelet writes', () => {
    const text = 'app="haproxy"\napp.kubernetes.io/name="edge.lb_1"\nempty=""';

    expect(parseLabelsFile(text)).toEqual({
      app: 'haproxy',
      'app.kubernetes.io/name': 'edge.lb_1',
      empty: '',
    });
  });

  it('undoes the quoting of Go', () => {
    const text = String.raw`a="say \"hi\" \\ \t\n\x41\u00fc\U0001f600"`;

    expect(parseLabelsFile(text)).toEqual({ a: 'say "hi" \\ \t\nAü😀' });
  });

  it('takes an empty file for no labels', () => {
    expect(parseLabelsFile('\n\n')).toEqual({});
  });

  it.each([
    'app=haproxy',
    'app',
    'app="open',
    String.raw`app="\q"`,
    String.raw`app="\u12"`,
    'a b="c"',
  ])('refuses %s with the number of the line', (line) => {
    expect(() => parseLabelsFile(`good="1"\n${line}\n`)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('Line 2'),
      }),
    );
  });
});

describe('readLabelsFile', () => {
  it('names an absent file and what to mount', async () => {
    await expect(readLabelsFile('/absent/labels')).rejects.toMatchObject({
      code: 'FILE_READ_FAILED',
      message: expect.stringContaining('/absent/labels'),
      hint: expect.stringContaining('downwardAPI'),
    });
  });
});
