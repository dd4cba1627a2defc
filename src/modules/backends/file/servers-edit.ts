import type { Edit, Step } from '../../../apply/edit.ts';
import type { WantedBackend } from '../server.ts';
import { type Edited, type EditOptions, editServers } from './edit-servers.ts';

/** The name of the module in edits, requests and the log. */
export const backendsOwner = 'backends';

/** So many names are told of a change. */
const toldAtMost = 5;

function said(names: readonly string[]): readonly string[] {
  const more = names.length - toldAtMost;
  return more <= 0 ? names : [...names.slice(0, toldAtMost), `and ${more} more`];
}

/** The servers of one backend, for an applier. */
export function serversEdit(
  wanted: WantedBackend,
  options: EditOptions & {
    /** Whether the worker does not have them, for a change that is loaded. Missing: it has been told already. */
    readonly lacks?: Step['lacks'];
  },
): Edit {
  function stepOf(edited: Edited): Step {
    const { added, changed, removed } = edited;
    const names = new Set([...added, ...changed, ...removed]);
    return {
      what: {
        backend: wanted.name,
        ...{ added: said(added), changed: said(changed), removed: said(removed) },
      },
      own: {
        keyword: edited.keyword ?? 'backend',
        ...{ section: wanted.name, names, env: options.env ?? {} },
      },
      inText: (text) => editServers(text, wanted, options).text,
      // One call for any number of servers.
      whole: true,
      ways: () => [],
      lacks: options.lacks ?? (async () => false),
    };
  }

  return {
    owner: backendsOwner,
    remaining({ text }) {
      const edited = editServers(text, wanted, options);
      return edited.text === text ? null : stepOf(edited);
    },
  };
}
