import type { SidecarConfig } from '../../../config/values.ts';
import { type Rendered, renderHaproxyCfg } from '../../../config-text/render.ts';
import type { Member, Self } from '../../../model/member.ts';
import { withSums } from '../../aggregate/section/render.ts';
import { expectedPeers } from '../expected.ts';
import { haproxyEnv } from '../haproxy-env.ts';
import { peersTlsFiles } from '../tls/files.ts';
import type { Credentials } from './credentials.ts';

/** What a template and its members are rendered to, for init and run alike. Throws as `renderHaproxyCfg` does. */
export function createRendering(options: {
  readonly config: SidecarConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly self: Self;
}) {
  const { config, env, self } = options;
  const { adminSocket, aggregatePort: port, aggregateSuffix: suffix } = config;
  return (template: string, credentials: Credentials, members: readonly Member[]): Rendered => {
    const rendered = renderHaproxyCfg({
      template,
      self,
      members,
      expected: expectedPeers(self, config.expectReplicas),
      sectionName: config.peersSection,
      port: config.peersPort,
      user: config.dataplaneUser,
      userlist: config.dataplaneUserlist,
      ...credentials,
      adminSocket: config.adminSocket,
      env: haproxyEnv(config, env),
      tls: peersTlsFiles(config),
      direct: config.applier === 'direct',
      lesson: config.lessons || config.snapshot !== undefined,
    });
    if (!config.aggregate) return rendered;
    const { text } = rendered;
    const sums = withSums({ text, localName: self.name, adminSocket, port, suffix });
    return { ...rendered, text: sums.text, warnings: [...rendered.warnings, ...sums.warnings] };
  };
}
