import { afterEach, describe } from 'vitest';
import type { CallInfo } from '../../src/dataplane/http.ts';
import { parseShowPeers } from '../../src/haproxy/show-peers.ts';
import { createLog } from '../../src/log.ts';
import type { PeerState } from '../../src/model/peers-state.ts';
import type { PeersApplier } from '../helpers/peers-applier.ts';
import { programs } from '../helpers/programs.ts';
import { type Between, startProxy } from '../helpers/proxy.ts';
import { missingOf, unless } from '../helpers/skip.ts';
import { dataplaneApplier } from './appliers.ts';
import {
  type DataplaneStand,
  type DataplaneStandOptions,
  startDataplane,
} from './dataplane-stand.ts';
import { sectionName } from './haproxy-stand.ts';

type Part = NonNullable<Parameters<typeof dataplaneApplier>[1]>;

/** What a test of one API version uses; everything is stopped after each test. */
export interface DataplaneSuite {
  readonly version: 'v3' | 'v2';
  /** A fresh HAProxy and Data Plane API. */
  given(
    peers?: readonly string[] | null,
    part?: Partial<Omit<DataplaneStandOptions, 'version' | 'dataplane' | 'peers'>>,
  ): Promise<DataplaneStand>;
  make(on: DataplaneStand, part?: Part): PeersApplier;
  /** An applier whose calls go through `judge`. */
  behind(
    on: DataplaneStand,
    judge: Parameters<typeof startProxy>[1],
    part?: Part,
  ): Promise<PeersApplier>;
  openTransactions(on: DataplaneStand): Promise<number>;
  calls(): readonly CallInfo[];
  forgetCalls(): void;
  /** Everything the appliers logged, from debug up. */
  logged(): string;
}

const variants = [
  { version: 'v3', dataplane: programs.dataplaneV3, haproxy: programs.haproxy34, branch: '3.4' },
  { version: 'v2', dataplane: programs.dataplaneV2, haproxy: programs.haproxy30, branch: '3.0' },
] as const;

/** Runs the same tests on Data Plane API v3 over HAProxy 3.4 and on v2 over HAProxy 3.0. */
export function forEachDataplane(title: string, tests: (suite: DataplaneSuite) => void): void {
  for (const { version, dataplane, haproxy, branch } of variants) {
    const missing = missingOf({
      [`HAProxy ${branch}`]: haproxy,
      [`Data Plane API ${version}`]: dataplane,
    });
    describe(`data plane api ${version}: ${title}`, unless(missing), () => {
      let stand: DataplaneStand | undefined;
      let applier: PeersApplier | undefined;
      let between: Between | undefined;
      let calls: CallInfo[] = [];
      let lines: string[] = [];

      afterEach(async () => {
        await applier?.close();
        await between?.stop();
        await stand?.stop();
        stand = undefined;
        between = undefined;
      });

      function make(on: DataplaneStand, part: Part = {}): PeersApplier {
        applier = dataplaneApplier(on, {
          onCall: (info) => calls.push(info),
          log: createLog('debug', { write: (line: string) => void lines.push(line) }),
          running: () => runningPeers(on),
          ...part,
        });
        return applier;
      }

      tests({
        version,
        async given(peers = ['peer a 127.0.0.1:PORT'], part = {}) {
          calls = [];
          lines = [];
          stand = await startDataplane({
            version,
            dataplane: dataplane ?? '',
            haproxy: haproxy ?? '',
            peers,
            ...part,
          });
          return stand;
        },
        make,
        async behind(on, judge, part = {}) {
          between = await startProxy(on.address, judge);
          return make({ ...on, address: between.address }, part);
        },
        async openTransactions(on) {
          const { json } = await on.human('GET', '/transactions?status=in_progress');
          return Array.isArray(json) ? json.length : 0;
        },
        calls: () => calls,
        forgetCalls() {
          calls = [];
        },
        logged: () => lines.join(''),
      });
    });
  }
}

/** What the sidecar's own look at `show peers` would say. */
export async function runningPeers(on: DataplaneStand): Promise<readonly PeerState[] | undefined> {
  const shown = await on.ask('show peers').catch(() => '');
  return parseShowPeers(shown).find(({ section }) => section === sectionName)?.peers;
}
