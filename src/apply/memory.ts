import type { Log } from '../log.ts';
import type { Applier } from './applier.ts';
import type { Configuration } from './edit.ts';
import { remainingSteps } from './held.ts';

/** A configuration in memory, for tests. */
export function createMemoryApplier(given: {
  readonly text: string;
  readonly obstacles?: readonly string[];
}): Applier {
  let version = 1;
  let now: Configuration = { obstacles: [], ...given, version: 'memory-1' };
  return {
    name: 'memory',
    async read() {
      return now;
    },
    async commit(_base, edits, signal) {
      signal.throwIfAborted();
      const { steps, held } = remainingSteps(edits, now);
      if (steps.length === 0) return { reloaded: false, version: now.version, attempts: 1 };
      const text = steps.reduce((before, { step }) => step.inText(before), now.text);
      version += 1;
      now = { ...now, text, version: `memory-${version}` };
      const rest = held.length === 0 ? {} : { held };
      return { reloaded: true, version: now.version, attempts: 1, ...rest };
    },
    async persist(base, edits, signal) {
      return this.commit(base, edits, signal);
    },
    async reload() {
      return { reloaded: true, attempts: 1 };
    },
    async hardReload() {
      return false;
    },
    async close() {},
  };
}

/**
 * Reads the real configuration and writes nothing. Logs once what it would do, and continues as if it had done so
 * until the real configuration changes.
 */
export function createDryRunApplier(reader: Applier, log: Log): Applier {
  let pretended:
    | { readonly realVersion: string; readonly configuration: Configuration }
    | undefined;

  async function read(signal: AbortSignal): Promise<Configuration> {
    const real = await reader.read(signal);
    if (pretended?.realVersion === real.version) return pretended.configuration;
    pretended = undefined;
    return real;
  }

  return {
    name: `dry-run of ${reader.name}`,
    read,
    async commit(_base, edits, signal) {
      const configuration = await read(signal);
      const { version } = configuration;
      const { steps } = remainingSteps(edits, configuration);
      for (const { step } of steps) {
        log.info(
          step.what,
          'dry run: would change haproxy.cfg, and reload HAProxy where it has not got it yet',
        );
      }
      if (steps.length > 0) {
        const text = steps.reduce((before, { step }) => step.inText(before), configuration.text);
        pretended = { realVersion: version, configuration: { ...configuration, text } };
      }
      return { reloaded: false, version, attempts: 1 };
    },
    async persist(base, edits, signal) {
      return this.commit(base, edits, signal);
    },
    async reload() {
      log.info('dry run: HAProxy would be reloaded');
      return { reloaded: true, attempts: 1 };
    },
    async hardReload() {
      log.info('dry run: HAProxy would be reloaded hard');
      return false;
    },
    close: () => reader.close(),
  };
}
