import type { Configuration } from '../../apply/edit.ts';
import type { Module, ModuleRequest } from '../../engine/module.ts';
import { AppError } from '../../errors.ts';
import { type Decision, decide, type InForce } from './decision.ts';
import { templateOwner } from './edit.ts';
import { createFollower } from './follow.ts';
import { createMounted } from './mounted.ts';
import { createStanding } from './standing.ts';
import type { TemplateOptions } from './template-options.ts';
import type { Version } from './version.ts';

export function createTemplate(options: TemplateOptions): Module {
  const standing = createStanding(options);
  const mounted = createMounted(options, standing);
  const follower = createFollower({
    look: options.look,
    lookMs: options.lookMs ?? 1000,
    onWhole: mounted.onWhole,
    onUnreadable: (message) => options.onOutcome('unreadable', message),
    log: options.log,
  });
  /** In this pass, and in the one that reloads. */
  let asked: Version | null = null;
  let preparing: Version | null = null;

  function know(more: Partial<typeof standing.state>): void {
    standing.state = { ...standing.state, ...more };
  }

  /** What is found to be in force is taken for it, until something else is to be done. */
  function next(version: Version, configuration: Configuration): Exclude<Decision, InForce> {
    for (;;) {
      const decision = decide(version, standing.state, configuration, options.edit);
      if (decision.kind !== 'in-force') return decision;
      standing.inForce(decision);
    }
  }

  function wish(version: Version, configuration: Configuration): ModuleRequest | null {
    const decision = next(version, configuration);
    if (decision.kind === 'rest') return null;
    if (decision.kind === 'not-written') {
      know({ written: null });
      void standing.note();
      return null;
    }
    const what = { module: templateOwner, edits: [decision.edit] };
    if (decision.kind === 'take-out') {
      const reasons = ['a template was refused'];
      return { ...what, urgency: 'now', via: 'persist', sinceMs: options.now(), reasons };
    }
    asked = decision.version;
    const reasons = ['the template or a followed file has changed'];
    return { ...what, urgency: 'burst', via: 'reload', sinceMs: mounted.sinceMs(), reasons };
  }

  return {
    name: templateOwner,
    owner: {
      name: templateOwner,
      own: () => options.own,
      obstacles: () => [],
      // Who asks has lost the answer to a commit, which may have been ours: the peers are loaded in any case.
      loaded: async (_text, signal) => standing.state.written === null || options.isAnother(signal),
    },
    runtime: (_full, signal) => mounted.lookAtTables(signal),
    watch: (poke, signal) => follower.follow(poke, signal),
    request(configuration) {
      asked = null;
      standing.trust(false);
      const version = mounted.version();
      if (version === null) return null;
      try {
        return wish(version, configuration);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        standing.complaint.about(version, error);
        return null;
      } finally {
        const { inForce, isCertain } = standing.state;
        options.onInForce(inForce?.key === version.key && isCertain);
      }
    },
    async prepare() {
      know({ loaded: null });
      preparing = asked;
      if (asked === null) return;
      await options.beforeReload();
      know({ written: asked });
      const { inForce } = standing.state;
      if (inForce !== null) options.onStaticPeers(inForce.staticPeers, asked.staticPeers, false);
      await standing.note();
    },
    reloaded() {
      know({ loaded: preparing?.key ?? null });
      standing.trust(true);
    },
    trouble() {
      const unreadable = follower.unreadable();
      if (unreadable !== null) return `template unreadable: ${unreadable}`;
      const reason = standing.complaint.of(mounted.version());
      return reason === null ? null : `template refused: ${reason}`;
    },
    held(error, shared) {
      if (preparing === null || error.code === 'TEMPLATE_CONFLICT') return;
      // What failed alone is not tried again: a worker of HAProxy 3.4 that cannot load it may take the admin socket with it.
      if (shared) standing.doubt(preparing);
      else standing.refuse(preparing, error);
      know({ written: null });
      void standing.note();
    },
  };
}
