import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/log.ts';

function logged(format: 'json' | 'text', write: (log: ReturnType<typeof createLog>) => void) {
  const lines: string[] = [];
  write(createLog('debug', { write: (line) => void lines.push(line) }, format));
  return lines;
}

describe('the log as text', () => {
  it('is one line for people: time, level, message, fields', () => {
    const [line] = logged('text', (log) =>
      log.info({ joined: ['web-2'], ms: 12, why: 'a b' }, 'peers section changed'),
    );

    expect(line).toMatch(
      /^\d{4}-\d\d-\d\dT\S+Z INFO {2}peers section changed joined=\["web-2"\] ms=12 why="a b"\n$/,
    );
  });

  it('has no line of its own for what others have written, and no secret', () => {
    const lines = logged('text', (log) => {
      log.warn({ reason: 'x\nFAKE ERROR \u001b[31m', password: 'hunter2' }, 'a\nb \u009b');
      log.error({ err: new Error('first\nsecond') }, 'failed');
    });

    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line.trimEnd()).not.toMatch(/\p{Cc}/u);
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines[1]).toContain('second');
  });

  it('is JSON without the flag', () => {
    const [line = ''] = logged('json', (log) => log.info({ a: 1 }, 'text'));

    expect(JSON.parse(line)).toMatchObject({ level: 'info', msg: 'text', a: 1 });
  });
});
