import { errorMessage } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Look } from './look.ts';

/** Notes what is in force, and what haproxy.cfg may have been made from since. Resolves when that is on the disk, or was not possible. */
export type NoteWriter = (inForce: Look | null, written: Look | null) => Promise<void>;

/** One write at a time, in the order of the calls: two at a time would be mixed, or end in the older one. */
export function createNoteWriter(
  write: (inForce: Look, written: Look | null) => Promise<void>,
  log: Log,
): NoteWriter {
  let last: Promise<void> = Promise.resolve();
  return (inForce, written) => {
    if (inForce === null) return last;
    last = last
      .then(() => write(inForce, written))
      .catch((error: unknown) => {
        // The next run asks for one reload more than it needs.
        log.warn({ error: errorMessage(error) }, 'cannot note which template is in force');
      });
    return last;
  };
}
