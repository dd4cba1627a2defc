import type { Configuration } from '../../../apply/edit.ts';
import type { Variables } from '../../../config-text/config-text.ts';
import type { ModuleRequest } from '../../../engine/module.ts';
import type { WantedBackend } from '../server.ts';
import { editServers } from './edit-servers.ts';
import type { Inventory } from './inventory.ts';
import { backendsOwner, serversEdit } from './servers-edit.ts';

export interface ServersFileOptions {
  /** Null: not known yet, so nothing is written. The same array as before: nothing has changed. */
  readonly wanted: () => readonly WantedBackend[] | null;
  readonly params: readonly string[];
  /** That with which HAProxy begins. */
  readonly env: Variables;
  readonly inventory: Inventory;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** How haproxy.cfg stands to what is wanted, as it was read last. */
export interface FileState {
  /** Since when a write is due, in milliseconds of `now`; null: the file has all. */
  readonly behindSinceMs: number | null;
  /** What cannot be written, one sentence each. */
  readonly problems: readonly string[];
}

/** The part of the module that keeps haproxy.cfg in step: the worker has been told already. */
export interface ServersFile {
  /** Called before `request` in each pass: what may be written from now on is noted on disk. Never throws. */
  note(): Promise<void>;
  /** To be written without a reload; null: nothing differs. */
  request(configuration: Pick<Configuration, 'text'>): ModuleRequest | null;
  state(): FileState;
}

type Wanted = readonly WantedBackend[] | null;
type Request = ModuleRequest | null;

export function createServersFile(options: ServersFileOptions): ServersFile {
  const { params, env, inventory, now } = options;
  /** What was noted: nothing else is written. */
  let noted: Wanted = null;
  let last: { readonly text: string; readonly of: Wanted; readonly request: Request } | null = null;
  let behindSinceMs: number | null = null;
  let problems: readonly string[] = [];

  function compare(text: string, wanted: readonly WantedBackend[]): Request {
    const found: string[] = [];
    const edits = wanted.flatMap((backend) => {
      const written = inventory.names(backend.name);
      const how = { env, params, written };
      const edited = editServers(text, backend, how);
      found.push(...edited.problems);
      return edited.text === text ? [] : [serversEdit(backend, how)];
    });
    problems = found;
    if (edits.length === 0) {
      behindSinceMs = null;
      return null;
    }
    // Another text is one that was written since.
    if (behindSinceMs === null || (last !== null && last.text !== text)) behindSinceMs = now();
    return {
      ...{ module: backendsOwner, urgency: 'burst', via: 'persist', sinceMs: behindSinceMs },
      ...{ reasons: ['HAProxy has other servers than haproxy.cfg'], edits },
    };
  }

  return {
    async note() {
      const wanted = options.wanted();
      if (wanted === null || wanted === noted) return;
      for (const { name, servers } of wanted)
        await inventory.note(
          name,
          servers.map((each) => each.name),
        );
      // Until the file is read, nobody knows whether it has them.
      behindSinceMs ??= now();
      noted = wanted;
    },
    request({ text }) {
      if (noted === null) return null;
      if (last?.text !== text || last.of !== noted)
        last = { text, of: noted, request: compare(text, noted) };
      return last.request;
    },
    state: () => ({ behindSinceMs, problems }),
  };
}
