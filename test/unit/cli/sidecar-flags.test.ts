import { describe, expect, it } from 'vitest';
import { sidecarFlags } from '../../../src/cli/sidecar-flags.ts';

describe('the flags of the sidecar in this container', () => {
  it.each([
    ['node', '/app/main.js', 'run', '--peers-port=4000', '--log-level', 'debug'],
    ['/usr/local/bin/haproxy-peer-sync', 'run', '--peers-port=4000', '--log-level', 'debug'],
  ])('are those behind run: %s %s', (...words) => {
    const flags = sidecarFlags(() => [`${words.join('\0')}\0`]);

    expect(flags).toEqual(['--peers-port=4000', '--log-level', 'debug']);
  });

  it.each([
    ['the pause container', '/pause\0'],
    ['another program', 'docker\0run\0--rm\0'],
    ['init', 'node\0/app/main.js\0init\0--template=/x\0'],
    ['nothing', ''],
  ])('are none for %s', (_, text) => {
    expect(sidecarFlags(() => [text])).toEqual([]);
  });

  it('are found where a shell has started it', () => {
    const lines = [
      '/bin/sh\0-c\0haproxy-peer-sync run --service=x\0',
      'node\0main.js\0run\0--service=x\0',
    ];

    expect(sidecarFlags(() => lines)).toEqual(['--service=x']);
  });

  it('are none where there are no such files', () => {
    expect(
      sidecarFlags(() => {
        throw new Error('ENOENT');
      }),
    ).toEqual([]);
  });
});
