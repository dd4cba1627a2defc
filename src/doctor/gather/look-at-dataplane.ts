import type { Config } from '../../config/values.ts';
import { configVersion } from '../../config-text/peers-text.ts';
import { createCaller } from '../../dataplane/caller.ts';
import { createCredentials, fixedCredentials } from '../../dataplane/credentials.ts';
import { createHttp, parseJson } from '../../dataplane/http.ts';
import { infoSchema } from '../../dataplane/schema.ts';
import { createTransactions } from '../../dataplane/transactions.ts';
import { UserError } from '../../errors.ts';

/**
 * The version of the Data Plane API, and which configuration it has. It is not asked if it is not on the loopback.
 */
export async function lookAtDataplane(config: Config, signal: AbortSignal) {
  const { text, isLocal } = config.dataplaneUrl;
  if (!isLocal && !config.allowRemoteDataplane)
    throw new UserError('CONFIG_INVALID', `${text} is not asked: it is not on the loopback`, {
      hint: 'look at dataplane-address; with --allow-remote-dataplane the password is sent there',
    });
  const http = createHttp({
    address: config.dataplaneUrl,
    credentials:
      config.dataplanePassword === undefined
        ? createCredentials(config.dataplaneUser, config.dataplanePasswordFile)
        : fixedCredentials(config.dataplaneUser, config.dataplanePassword),
  });
  const timeoutMs = config.dataplaneTimeout;
  const caller = createCaller(http, { timeoutMs, commitTimeoutMs: timeoutMs });
  const path = `/${await caller.version(signal)}/info`;
  const info = await http({ stage: 'detect', method: 'GET', path, expect: [200], timeoutMs });
  const raw = await createTransactions(caller).raw(signal);
  return {
    api: infoSchema.safeParse(parseJson(info.text)).data?.api.version ?? 'of unknown version',
    inMemory: raw.version,
    onDisk: String(configVersion(raw.text) ?? raw.version),
  };
}
