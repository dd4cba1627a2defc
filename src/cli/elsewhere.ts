/**
 * Whether this is another place than the pod of a replica, such as a workstation: not in Kubernetes, and no sidecar around
 * whose flags could be taken over.
 */
export function isElsewhere(
  env: Readonly<Record<string, string | undefined>>,
  flagsOfSidecar: readonly string[],
): boolean {
  return env.KUBERNETES_SERVICE_HOST === undefined && flagsOfSidecar.length === 0;
}
