import { describe, expect, it } from 'vitest';
import { lostLogs } from '../../../src/config-text/lost-logs.ts';

const input = { directories: new Set(['/var/run/haproxy']) };
const linesOf = (text: string) => lostLogs(text, input).map(({ line }) => line);

describe('logs that nobody reads', () => {
  it('are those of the usual haproxy.cfg of a distribution, with number and text', () => {
    const text =
      'global\n\tlog /dev/log\tlocal0\n\tlog /dev/log local1 notice\ndefaults\n  log global\n';

    expect(lostLogs(text, input)).toEqual([
      { line: 2, text: 'log /dev/log\tlocal0', why: expect.stringContaining('log stdout') },
      { line: 3, text: 'log /dev/log local1 notice', why: expect.stringContaining('/dev/log') },
    ]);
  });

  it.each([
    'log unix@/dev/log local0',
    'log uxdg@/dev/log len 8192 local0',
    'log dgram+unix@/dev/log local0',
    'log "/dev/log" local0 # to the host',
  ])('are found in every form: %s', (line) => {
    expect(linesOf(`frontend f\n  ${line}\n`)).toEqual([2]);
  });

  it.each([
    'log stdout format raw local0',
    'log global',
    'log 127.0.0.1:514 local0',
    'log fd@2 local0',
    'log ring@r local0',
    'log "${LOG}" local0',
    'log /var/run/haproxy/log local0',
    'no log',
    'log',
    '# log /dev/log local0',
    'log-tag /dev/log',
    'option logasap /dev/log',
  ])('are not those of another kind: %s', (line) => {
    expect(linesOf(`global\n  ${line}\n`)).toEqual([]);
  });
});
