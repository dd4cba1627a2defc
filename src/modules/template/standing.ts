import { type Complaint, createComplaint } from './complaint.ts';
import type { InForce, State } from './decision.ts';
import { createNoteWriter } from './note-writer.ts';
import type { TemplateOptions } from './template-options.ts';
import type { Version } from './version.ts';

/** Where the template stands, as far as this program knows; changed in place by those who find out more. */
export interface Standing {
  state: State;
  readonly complaint: Complaint;
  refuse(version: Version, error: unknown): void;
  /** It failed along with something else: left out until HAProxy is reloaded without it, and no longer than a minute. */
  doubt(version: Version): void;
  /** Ends that, when it is time. */
  trust(isReloaded: boolean): void;
  /** HAProxy runs with it. */
  inForce(found: InForce): void;
  /** Notes it for the next run of this program. */
  note(): Promise<void>;
}

/** Milliseconds. What it failed with may never come again. */
const doubtMs = 60_000;

export function createStanding(options: TemplateOptions): Standing {
  const { log } = options;
  const complaint = createComplaint(log, (message) => options.onOutcome('refused', message));
  const write = createNoteWriter(options.writeNote, log);
  let doubted: { readonly version: Version; readonly untilMs: number } | null = null;
  const standing: Standing = {
    state: { inForce: null, written: null, isCertain: true, refused: null, loaded: null },
    complaint,
    refuse(version, error) {
      doubted = null;
      standing.state = { ...standing.state, refused: version };
      complaint.about(version, error);
    },
    doubt(version) {
      doubted = { version, untilMs: options.now() + doubtMs };
      standing.state = { ...standing.state, refused: version };
    },
    trust(isReloaded) {
      if (doubted === null || (!isReloaded && options.now() < doubted.untilMs)) return;
      const isRefused = standing.state.refused === doubted.version;
      doubted = null;
      if (isRefused) standing.state = { ...standing.state, refused: null };
    },
    inForce({ version, isNew }) {
      const { inForce: before } = standing.state;
      const losses = before === null || !isNew ? [] : options.permittedLosses(before, version);
      if (before !== null) options.onStaticPeers(before.staticPeers, version.staticPeers, true);
      const settled = { written: null, isCertain: true, refused: null };
      standing.state = { ...standing.state, ...settled, inForce: version };
      complaint.clear();
      void standing.note();
      if (!isNew) return;
      log.info('template in force');
      if (losses.length > 0)
        log.warn({ tables: losses }, 'the template has changed stick tables: entries are not kept');
      const lost = losses.length === 0 ? '' : `; entries are not kept: ${losses.join(', ')}`;
      options.onOutcome('applied', `a changed template is in force${lost}`);
    },
    note: () => write(standing.state.inForce, standing.state.written),
  };
  return standing;
}
