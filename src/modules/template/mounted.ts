import { AppError, errorMessage } from '../../errors.ts';
import type { Look } from './look.ts';
import type { Standing } from './standing.ts';
import type { TemplateOptions } from './template-options.ts';
import { keyOf, type Version } from './version.ts';

/** What is mounted: rendered, and looked at, when it is another one. */
export interface Mounted {
  /** What two looks in a row have found. True: a pass is due. `AppError` FILE_READ_FAILED: to be called again. */
  onWhole(look: Look, key: string): Promise<boolean>;
  /** Before a pass: tables that were empty may hold entries by now. */
  lookAtTables(signal: AbortSignal): Promise<void>;
  /** Null: it was not read yet. */
  version(): Version | null;
  /** Since when it is this one. */
  sinceMs(): number;
}

export function createMounted(options: TemplateOptions, standing: Standing): Mounted {
  const { log, now } = options;
  let version: Version | null = null;
  let sinceMs = 0;
  let hasBegun = false;
  let isBlocked = false;

  /** What an earlier run of this program, or init, has noted. */
  async function begin(): Promise<void> {
    const noted = await options.readNote();
    if (noted === null) return;
    const inForce = await options.render(noted);
    standing.state = { ...standing.state, inForce };
    if (noted.written === undefined) return;
    const written = await options.render(noted.written);
    standing.state = { ...standing.state, written, isCertain: false };
  }

  /** A sidecar that init knew nothing of these files for: what is there is what HAProxy has read. */
  async function adoptFiles({ files }: Look): Promise<void> {
    const { inForce } = standing.state;
    if (inForce === null || !isEmpty(inForce.files) || isEmpty(files)) return;
    const key = keyOf({ template: inForce.template, files });
    standing.state = { ...standing.state, inForce: { ...inForce, files, key } };
    await standing.note();
  }

  async function renderOrRefuse(look: Look, key: string): Promise<[Version, unknown]> {
    try {
      const next = await options.render(look);
      return [next, await obstacleTo(next)];
    } catch (error) {
      if (isUnreadable(error)) throw error;
      return [{ ...look, key, rendered: '', staticPeers: [] }, error];
    }
  }

  /** A pass may come at any time: it sees the one before, or this one with all that is known of it. */
  async function accept(look: Look, key: string): Promise<void> {
    await adoptFiles(look);
    const [next, problem] = await renderOrRefuse(look, key);
    version = next;
    sinceMs = now();
    isBlocked = next.rendered !== '' && problem !== null;
    conclude(next, problem);
  }

  function conclude(next: Version, problem: unknown): void {
    if (problem !== null) {
      standing.refuse(next, problem);
      return;
    }
    standing.state = { ...standing.state, refused: null };
    standing.complaint.clear();
  }

  /** What no check of HAProxy finds, and what may be otherwise at the next look: ports that are taken, tables with entries. */
  async function obstacleTo(next: Version): Promise<unknown> {
    const { inForce } = standing.state;
    if (inForce === null || inForce.key === next.key || (await mayBeLoaded(next))) return null;
    try {
      await options.checkPorts(inForce, next);
      await options.checkTables(inForce, next);
      return null;
    } catch (error) {
      return error;
    }
  }

  async function lookAgain(next: Version): Promise<void> {
    const problem = await obstacleTo(next);
    isBlocked = problem !== null;
    conclude(next, problem);
  }

  /** Whether HAProxy may run with it already, and have its ports and tables: then it is too late to look at them. */
  async function mayBeLoaded(next: Version, signal?: AbortSignal): Promise<boolean> {
    const { written, loaded } = standing.state;
    if (written?.key !== next.key) return false;
    return loaded === next.key || (await options.isAnother(signal)) !== false;
  }

  return {
    async onWhole(look, key) {
      if (!hasBegun) {
        await begin().catch((error: unknown) => {
          if (isUnreadable(error)) throw error;
          log.warn({ error: errorMessage(error) }, 'which template is in force is not known');
        });
        hasBegun = true;
      }
      if (key !== version?.key) {
        await accept(look, key);
        return true;
      }
      if (!isBlocked) return false;
      await lookAgain(version);
      return !isBlocked;
    },
    async lookAtTables(signal) {
      const next = version;
      const { inForce, refused } = standing.state;
      if (next === null || inForce === null || inForce.key === next.key) return;
      if (refused?.key === next.key || (await mayBeLoaded(next, signal))) return;
      try {
        await options.checkTables(inForce, next, signal);
      } catch (error) {
        if (signal.aborted || version !== next) return;
        isBlocked = true;
        standing.refuse(next, error);
      }
    },
    version: () => version,
    sinceMs: () => sinceMs,
  };
}

/** Something that it is rendered with, which may be there at the next look. */
function isUnreadable(error: unknown): boolean {
  return error instanceof AppError && error.code === 'FILE_READ_FAILED';
}

function isEmpty(files: Look['files']): boolean {
  return Object.keys(files).length === 0;
}
