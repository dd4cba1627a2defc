import type { Status } from '../telemetry/status-schema.ts';
import { spanText } from './amounts.ts';
import { count } from './columns.ts';

/** What a replica tells of its lessons: text, and whether it is bad. Null: it gives and takes none. */
export function lessonsFact(
  { name, lessons, members }: Pick<Status, 'name' | 'lessons' | 'members'>,
  nowMs: number,
): { readonly text: string; readonly bad: boolean } | null {
  if (lessons === undefined) return null;
  const { links, sinceMs, last } = lessons;
  const ago = (atMs: number) => spanText(Math.max(0, nowMs - atMs));
  const others = members.names.filter((each) => each !== name).length;
  const linked = `linked with ${links} of ${others} ${others === 1 ? 'other' : 'others'}`;
  const running = sinceMs === null ? [] : [`one for ${ago(sinceMs)} now`];
  const ended =
    last === null
      ? 'none ended yet'
      : `the last one ${ago(last.atMs)} ago from ${last.peer}: ${count(last.taken)} taken, ${count(last.skipped)} as they were`;
  return {
    text: [linked, ...running, ended].join('; '),
    bad: members.synced && links < others,
  };
}
