import { type Check, failure, ok, warning } from './facts.ts';

/** Siblings hear of a new pod when what their server keeps of the name has ended; until then init waits for them. */
export const dnsCache: Check = ({ dns, options, relay }) => {
  // With a relay nobody waits to be known.
  if (relay !== undefined || dns === undefined || options.joinTimeoutMs === undefined) return [];
  const name = 'dns-cache';
  if (!dns.ok)
    return [
      warning(
        name,
        `it is not known how long DNS keeps the addresses: ${dns.why}`,
        'compare the name with the Service, and look at the dnsPolicy of the pod',
      ),
    ];
  const { ttlSeconds } = dns.value;
  const lateMs = ttlSeconds * 1000 + (options.dnsIntervalMs ?? 0);
  const limit = options.joinTimeoutMs / 1000;
  if (lateMs >= options.joinTimeoutMs)
    return [
      failure(
        name,
        `DNS keeps the addresses for ${ttlSeconds} s, and init waits ${limit} s for peers to know a new pod: it starts before they do, without their entries`,
        `--join-timeout ${Math.ceil((lateMs / 1000) * 2)}s for init, or a shorter ttl in the DNS server (CoreDNS: kubernetes { ttl 5 })`,
      ),
    ];
  return [ok(name, `DNS keeps the addresses for ${ttlSeconds} s, and init waits ${limit} s`)];
};
