import { afterEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/doctor/facts.ts';
import { type DnsServer, startDns } from '../../helpers/dns.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { missingOf, unless } from '../../helpers/skip.ts';

describe('doctor and a real DNS server', unless(missingOf({ dnsmasq: programs.dnsmasq })), () => {
  let server: DnsServer | undefined;
  afterEach(async () => {
    await server?.stop();
  });

  async function doctor(
    ttlSeconds: number,
    ...flags: readonly string[]
  ): Promise<Finding | undefined> {
    server = await startDns(programs.dnsmasq ?? '', ttlSeconds);
    await server.set('web.test', ['127.0.0.1']);
    const { text } = await startProgram([
      ...['doctor', '-o=json', '--pod-name=web-1', '--pod-ip=127.0.0.1', '--dns=web.test'],
      ...[`--dns-server=${server.address}`, '--peers-port=1', '--applier=direct'],
      ...['--haproxy-config=/nowhere', '--admin-socket=/nowhere', '--master-socket=/nowhere'],
      ...flags,
    ]).ended;
    const findings: readonly Finding[] = JSON.parse(text);
    return findings.find(({ check }) => check === 'dns-cache');
  }

  it('is content with a name that is kept for a few seconds', async () => {
    expect(await doctor(5)).toMatchObject({
      level: 'ok',
      what: 'DNS keeps the addresses for 5 s, and init waits 60 s',
    });
  });

  it('names one that is kept for longer than init waits', async () => {
    const found = await doctor(300);

    expect(found).toMatchObject({ level: 'failure', what: expect.stringContaining('300 s') });
    expect(await doctor(300, '--join-timeout=10m')).toMatchObject({ level: 'ok' });
  });

  it('says what it could not ask for', async () => {
    expect(await doctor(5, '--dns=nobody.test')).toMatchObject({
      level: 'warning',
      what: expect.stringContaining('nobody.test'),
    });
  });
});
