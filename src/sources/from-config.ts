import type { SidecarConfig } from '../config/values.ts';
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

function selfOf(config: SidecarConfig): Self {
  const self = readSelf({
    podName: config.podName,
    podIp: config.podIp,
    podIps: config.podIps.join(','),
    ...(config.peerNames === 'node'
      ? { node: { name: config.nodeName ?? '', ip: config.hostIp ?? '' } }
      : {}),
  });
  // DNS provides only addresses, and all replicas must use the same name for each peer.
  return config.source === 'dns' ? { ...self, name: nameOfAddress(self.address) } : self;
}

export interface CreateSourceOptions {
  readonly health?: WatchHealth;
  /** The selector that init has found. */
  readonly kept?: FoundSelector | undefined;
}

/** The source that the configuration asks for, and ourselves. Nothing is contacted yet. */
export function createSource(
  config: SidecarConfig,
  log: Log,
  { health, kept }: CreateSourceOptions = {},
): { readonly source: Source; readonly self: Self; readonly scope?: Scope } {
  const self = selfOf(config);
  const { members, kubeconfig: kubeConfig, relistInterval: relistMs, peerNames } = config;
  switch (members.kind) {
    case 'file':
      return { self, source: createFileSource({ path: members.membersFile, self, log }) };
    case 'dns': {
      const { dnsInterval: intervalMs, dnsServer: servers } = config;
      return {
        self,
        source: createDnsSource({ name: members.dns, self, log, intervalMs, servers }),
      };
    }
    case 'service': {
      const { namespace, service } = members;
      const source = createSliceSource({
        ...{ namespace, service, self, log, kubeConfig, relistMs, health },
      });
      return { self, source };
    }
    case 'kubernetes': {
      const { namespace } = members;
      const scope = createScope({
        namespace,
        podName: config.podName,
        given: config.selector,
        kept,
        labels: () => readLabelsFile(config.labelsFile),
        connect: connectWith(kubeConfig),
        log,
        relistMs,
      });
      const source = createPodSource({
        ...{ namespace, siblings: scope, peerNames, self, log, kubeConfig, relistMs, health },
      });
      return { self, scope, source };
    }
  }
}
