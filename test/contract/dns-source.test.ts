import { createLog } from '../../src/log.ts';
import { nameOfAddress } from '../../src/sources/addresses.ts';
import { createDnsSource } from '../../src/sources/dns.ts';
import { type DnsServer, startDns } from '../helpers/dns.ts';
import { programs } from '../helpers/programs.ts';
import { missingOf } from '../helpers/skip.ts';
import { sourceContract } from './source.case.ts';

let server: DnsServer;
let origins = 0;

sourceContract('addresses of a name, from a real DNS server', {
  missing: missingOf({ dnsmasq: programs.dnsmasq }),
  nameOf: ({ address }) => nameOfAddress(address),
  async setUp() {
    server = await startDns(programs.dnsmasq ?? '');
  },
  tearDown: () => server?.stop(),
  async createOrigin() {
    origins += 1;
    const name = `replicas-${origins}.test`;
    return {
      set: (members) =>
        server.set(
          name,
          members.map(({ address }) => address),
        ),
      vanish: () => server.kill(),
      comeBack: () => server.start(),
      createSource: (self) =>
        createDnsSource({
          name,
          self,
          log: createLog('silent'),
          intervalMs: 50,
          servers: [server.address],
        }),
    };
  },
});
