import type { Config } from '../config/values.ts';
import { connectWith } from '../kubernetes/connection.ts';
import type { WatchHealth } from '../kubernetes/informer.ts';
import type { Log } from '../log.ts';
import type { Self } from '../model/member.ts';
import { nameOfAddress } from './addresses.ts';
import { createDnsSource } from './dns.ts';
import { createFileSource } from './file.ts';
import { createPodSource } from './kubernetes/pod-source.ts';
import { createScope, type Scope } from './kubernetes/scope.ts';
import type { FoundSelector } from './kubernetes/scope-finder.ts';
import { createSliceSource } from './kubernetes/slice-source.ts';
import { readLabelsFile } from './labels-file.ts';
import { readSelf } from './self.ts';
import type { Source } from './source.ts';

function selfOf(config: Config): Self {
  const self = readSelf({
    podName: config.podName,
    podIp: config.podIp,
    podIps: config.podIps.join(','),
    ...(config.peerNames === 'node'
      ? { node: { name: config.nodeName ?? '', ip: config.hostIp ?? '' } }
      : {}),
  });
  // DNS tells addresses only, and every replica must call each peer the same.
  return config.source === 'dns' ? { ...self, name: nameOfAddress(self.address) } : self;
}

export interface CreateSourceOptions {
  readonly health?: WatchHealth;
  /** The selector that init has found. */
  readonly kept?: FoundSelector | undefined;
}

/** How the pods of `--source kubernetes` are selected. */
function scopeOf(config: Config, log: Log, kept: FoundSelector | undefined): Scope {
  return createScope({
    namespace: config.namespace ?? '',
    podName: config.podName ?? '',
    given: config.selector,
    kept,
    labels: () => readLabelsFile(config.labelsFile),
    connect: connectWith(config.kubeconfig),
    log,
    relistMs: config.relistInterval,
  });
}

/** The source that the configuration asks for, and ourselves. Nothing is contacted yet. */
export function createSource(
  config: Config,
  log: Log,
  { health, kept }: CreateSourceOptions = {},
): { readonly source: Source; readonly self: Self; readonly scope?: Scope } {
  const self = selfOf(config);
  const common = {
    namespace: config.namespace ?? '',
    self,
    log,
    kubeConfig: config.kubeconfig,
    relistMs: config.relistInterval,
    health,
  };
  switch (config.source) {
    case 'file':
      return { self, source: createFileSource({ path: config.membersFile ?? '', self, log }) };
    case 'dns': {
      const { dnsInterval: intervalMs, dnsServer: servers } = config;
      return {
        self,
        source: createDnsSource({ name: config.dns ?? '', self, log, intervalMs, servers }),
      };
    }
    case 'service':
      return { self, source: createSliceSource({ ...common, service: config.service ?? '' }) };
    case 'kubernetes': {
      const scope = scopeOf(config, log, kept);
      const { peerNames } = config;
      return { self, scope, source: createPodSource({ ...common, siblings: scope, peerNames }) };
    }
  }
}
