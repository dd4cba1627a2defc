import type { Config } from '../../config/values.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment that HAProxy's container is assumed to have: ours, plus the name of the pod, where this is one. */
export function haproxyEnv({ podName }: Pick<Config, 'podName'>, env: Environment): Environment {
  return { HOSTNAME: podName, POD_NAME: podName, ...env };
}
