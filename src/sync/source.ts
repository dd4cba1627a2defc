import type { Config } from '../config/values.ts';
import { createFileSource } from '../discovery/file.ts';
import { createPodSource, type WatchHealth } from '../discovery/kubernetes/pod-source.ts';
import { selectorFromLabelsFile } from '../discovery/labels-file.ts';
import { validateSelector } from '../discovery/selector.ts';
import { readSelf } from '../discovery/self.ts';
import type { Source } from '../discovery/source.ts';
import type { Log } from '../log.ts';
import type { Self } from '../model/member.ts';

/** The source that the configuration asks for, and ourselves. Nothing is contacted yet. */
export function createSource(
  config: Config,
  log: Log,
  health?: WatchHealth,
): { readonly source: Source; readonly self: Self } {
  const self = readSelf({
    podName: config.podName,
    podIp: config.podIp,
    podIps: config.podIps.join(','),
    ...(config.peerNames === 'node'
      ? { node: { name: config.nodeName ?? '', ip: config.hostIp ?? '' } }
      : {}),
  });
  if (config.source === 'file') {
    return { self, source: createFileSource({ path: config.membersFile ?? '', self, log }) };
  }
  const selector =
    config.selector === undefined
      ? selectorFromLabelsFile(config.labelsFile)
      : validateSelector(config.selector);
  const source = createPodSource({
    namespace: config.namespace ?? '',
    selector,
    self,
    peerNames: config.peerNames,
    log,
    kubeConfig: config.kubeconfig,
    relistMs: config.relistInterval,
    health,
  });
  return { self, source };
}
