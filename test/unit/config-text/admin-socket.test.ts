import { describe, expect, it } from 'vitest';
import { withAdminLevel } from '../../../src/config-text/admin-socket.ts';

const path = '/run/admin.sock';

function rendered(parameters: string) {
  const warnings: string[] = [];
  const text = withAdminLevel(`global\n  stats socket ${parameters}\n`, path, warnings);
  return { line: text?.split('\n')[1]?.trim().replace('stats socket ', ''), warnings };
}

describe('a stats socket of the template that becomes the admin socket', () => {
  it.each([
    [`${path} mode 666`, `${path} mode 660 level admin`],
    [`${path} mode 0777 level user`, `${path} mode 660 level admin`],
    [
      `${path} level operator expose-fd listeners mode 602`,
      `${path} level admin expose-fd listeners mode 660`,
    ],
    [`unix@${path} mode 662 # all`, `unix@${path} mode 660 level admin # all`],
  ])('is no longer for everybody: %s', (before, after) => {
    const { line, warnings } = rendered(before);

    expect(line).toBe(after);
    expect(warnings).toEqual([
      expect.stringMatching(/^line 2: .*in place of 0?\d+.*controls HAProxy/),
    ]);
    expect(rendered(after)).toEqual({ line: after, warnings: [] });
  });

  it.each([
    [`${path} mode 660`, `${path} mode 660 level admin`],
    [path, `${path} level admin`],
  ])('says that it gets level admin: %s', (before, after) => {
    const { line, warnings } = rendered(before);

    expect(line).toBe(after);
    expect(warnings).toEqual([expect.stringContaining('gets level admin')]);
  });

  it('is left as it is, and told, when the template has given it to everybody', () => {
    const { line, warnings } = rendered(`${path} mode 666 level admin`);

    expect(line).toBe(`${path} mode 666 level admin`);
    expect(warnings).toEqual([expect.stringContaining('mode 666: anybody who may write to it')]);
  });

  it('is none when it is elsewhere', () => {
    expect(rendered('/run/other.sock mode 666')).toEqual({ line: undefined, warnings: [] });
  });
});
