import { onTestFinished } from 'vitest';
import { type RelayStand, type RelayStandOptions, startRelayStand } from './relay-stand.ts';

/** Starts HAProxys of the tests of a suite, each of which is stopped when its test is over. */
export function relayStands(
  haproxy: string | undefined,
): (options?: RelayStandOptions) => Promise<RelayStand> {
  return async (options) => {
    const stand = await startRelayStand(haproxy ?? '', options);
    onTestFinished(() => stand.stop());
    return stand;
  };
}
