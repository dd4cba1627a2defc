import { describe, expect, it } from 'vitest';
import { lessonsFact } from '../../../src/cli/lessons-text.ts';
import { renderStatus } from '../../../src/cli/status-view.ts';
import type { Status } from '../../../src/telemetry/status-schema.ts';
import { status } from '../../helpers/status.ts';

const nowMs = 1_000_000_000;
const members = { synced: true, names: ['web-1', 'web-2', 'web-3'], notes: [] };
const fact = (lessons: Status['lessons'], part: Partial<Status> = {}) =>
  lessonsFact(status('web-1', { members, lessons, ...part }), nowMs);

describe('what a replica tells of lessons', () => {
  it('is nothing without them', () => {
    expect(fact(undefined)).toBeNull();
  });

  it('is who it is linked with, what goes on, and the last one', () => {
    const last = { atMs: nowMs - 125_000, peer: 'web-3', taken: 1200, skipped: 40_000 };

    expect(fact({ links: 2, sinceMs: nowMs - 3000, last })).toEqual({
      text: 'linked with 2 of 2 others; one for 3s now; the last one 2m 5s ago from web-3: 1,200 taken, 40,000 as they were',
      bad: false,
    });
    expect(fact({ links: 0, sinceMs: null, last: null })).toEqual({
      text: 'linked with 0 of 2 others; none ended yet',
      bad: true,
    });
  });

  it('lacks nothing where the members are not known, or where there is nobody else', () => {
    const lessons = { links: 0, sinceMs: null, last: null };

    expect(fact(lessons, { members: { ...members, synced: false } })?.bad).toBe(false);
    expect(fact(lessons, { members: { ...members, names: ['web-1'] } })?.bad).toBe(false);
  });

  it('is a line of `status`, yellow where a link is missing', () => {
    const shown = (links: number, colors: boolean) => {
      const lessons = { links, sinceMs: null, last: null };
      return renderStatus([{ name: 'web-1', status: status('web-1', { members, lessons }) }], {
        ...{ colors, nowMs },
      });
    };

    expect(shown(2, false)).toContain(
      '  lessons       linked with 2 of 2 others; none ended yet\n',
    );
    const yellow = '\u001b[33mlinked with';
    expect([shown(1, true).includes(yellow), shown(2, true).includes(yellow)]).toEqual([
      true,
      false,
    ]);
  });
});
