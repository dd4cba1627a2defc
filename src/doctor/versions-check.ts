import { type Check, ok, warning } from './facts.ts';

/** All replicas should run the same version. */
export const versions: Check = ({ siblings, admin, version }) => {
  const others = siblings.filter(({ status }) => status !== null && status.version !== version);
  const sidecars = others.map(({ name, status }) => `${status?.version} on ${name}`).join(', ');
  const programs =
    others.length === 0
      ? []
      : [
          warning(
            'sidecar-versions',
            `this is haproxy-peer-sync ${version}; there is ${sidecars}`,
            'harmless during a rollout; else pin one image for all',
          ),
        ];
  const seen = new Map<string, string[]>();
  for (const { name, status } of siblings) {
    if (status?.haproxy) seen.set(status.haproxy, [...(seen.get(status.haproxy) ?? []), name]);
  }
  if (admin.ok) seen.set(admin.value.version, [...(seen.get(admin.value.version) ?? []), 'this']);
  // No replica reports a version. While HAProxy does not run, there is nothing to compare.
  if (seen.size === 0) return programs;
  if (seen.size === 1) return [...programs, ok('versions', 'all replicas run the same HAProxy')];
  const text = [...seen].map(([version, names]) => `${version} on ${names.join(', ')}`).join('; ');
  return [
    ...programs,
    warning(
      'versions',
      `replicas run different versions of HAProxy: ${text}`,
      'harmless during a rollout; else pin one image for all',
    ),
  ];
};
