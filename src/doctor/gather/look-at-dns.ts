import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { SidecarConfig } from '../../config/values.ts';
import { errorMessage } from '../../errors.ts';

/** The full names that a short name may mean (resolv.conf(5), `search`). */
async function searched(name: string): Promise<readonly string[]> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  const domains = /^search[ \t]+(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  return [...domains.map((domain) => `${name}.${domain}`), name];
}

/** How long a DNS server caches the addresses of `name`: at least the time that is left now. */
export async function lookAtDns(
  { dnsServer, podIp }: SidecarConfig,
  name: string,
): Promise<{ readonly ttlSeconds: number }> {
  const resolver = new Resolver({ timeout: 2000, tries: 1 });
  if (dnsServer.length > 0) resolver.setServers(dnsServer);
  const names = dnsServer.length > 0 || name.endsWith('.') ? [name] : await searched(name);
  let why: unknown = 'nobody was asked';
  for (const each of names) {
    try {
      const found =
        isIP(podIp) === 6
          ? await resolver.resolve6(each, { ttl: true })
          : await resolver.resolve4(each, { ttl: true });
      return { ttlSeconds: Math.max(...found.map(({ ttl }) => ttl)) };
    } catch (error) {
      why = error;
    }
  }
  throw new Error(`${name}: ${errorMessage(why)}`);
}
