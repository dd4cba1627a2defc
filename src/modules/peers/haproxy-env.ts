import type { Config } from '../../config/values.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What HAProxy's container would have in its environment: ours, and in any case how the pod is called. */
export function haproxyEnv({ podName }: Pick<Config, 'podName'>, env: Environment): Environment {
  return { HOSTNAME: podName, POD_NAME: podName, ...env };
}
