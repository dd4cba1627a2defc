import { monotonicNow } from '../clock.ts';
import { sumsPeer } from '../config-text/sums-section.ts';
import { lookAtWorker } from '../engine/watch-worker.ts';
import { UserError } from '../errors.ts';
import { readText } from '../files/files.ts';
import { startReplica } from '../modules/aggregate/replica/replica.ts';
import { examineSums } from '../modules/aggregate/section/examine.ts';
import { maxSuffix, othersSuffix } from '../modules/aggregate/section/examine-tables.ts';
import { describeFault } from '../modules/aggregate/section/fault.ts';
import { type Sums, startSums } from '../modules/aggregate/sums.ts';
import { haproxyEnv } from '../modules/peers/haproxy-env.ts';
import type { Started } from './start.ts';

/** Of what sidecars say of sums on their links (`Greeting.sums`). */
export const sumsVersion = 1;

/** What `--aggregate` asks for, in both modes; null without it. `poke`: a pass of the sidecar is due. `UserError` AGGREGATE_INVALID. */
export async function runAggregate(
  { config, env, log, metrics, source, self }: Started,
  localName: string,
  poke: () => void,
): Promise<Sums | null> {
  if (!config.aggregate) return null;
  const { haproxyConfig: file, aggregateSuffix: suffix } = config;
  const { section, faults } = examineSums(await readText(file), {
    ...{ suffix, env: haproxyEnv(config, env) },
  });
  const wrong = faults.filter(({ kind }) => kind === 'wrong').map(describeFault);
  const at = section?.at;
  if (at === null || at === undefined)
    throw new UserError(
      'AGGREGATE_INVALID',
      `${file} cannot be used with --aggregate: ${wrong.join('; ')}`,
    );
  // HAProxy runs with them: what is right is summed all the same.
  if (wrong.length > 0)
    log.error(
      { code: 'AGGREGATE_INVALID', file, wrong },
      'sums of these tables are wrong, or there are none',
    );
  return startSums({
    ...{ at, localName, slot: sumsPeer, log, metrics, poke },
    suffix: { sum: suffix, others: othersSuffix, max: maxSuffix },
    maxKeys: config.aggregateMaxKeys,
    start: startReplica,
    running: (signal) => lookAtWorker(config.adminSocket, signal),
    membership: () => source.snapshot(),
    selfName: self.name,
    now: monotonicNow,
  });
}
