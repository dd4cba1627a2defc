import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import type { TlsMaterial } from '../../src/model/peers-tls.ts';
import { createCa, type TestCa } from '../helpers/certificates.ts';
import { eventually } from '../helpers/eventually.ts';
import { unless } from '../helpers/skip.ts';
import { suiteFolder } from '../helpers/test-folder.ts';
import { noCluster } from './no-cluster.ts';
import { putPeersSecret } from './peers-secret.ts';
import type { Replica } from './replica.ts';
import { allEstablished, allKeep, entries, figure, play, seconds } from './scenario.ts';
import { Stage } from './stage.ts';
import { Traffic } from './traffic.ts';

const admin = '/var/run/haproxy/admin.sock';

describe('TLS between the peers on a real cluster', unless(noCluster), () => {
  const stage = new Stage();
  const traffic = new Traffic(stage.kubectl);
  const directory = suiteFolder();
  let ca: TestCa;
  let material: TlsMaterial;
  let replicas: readonly Replica[] = [];

  beforeAll(async () => {
    ca = createCa(directory);
    material = ca.issue();
    await stage.open();
    await putSecret();
  });
  afterAll(async () => {
    await stage.close();
  });

  const putSecret = () => putPeersSecret(stage.kubectl, material);

  async function change(what: string, count: number, reloads: number, act: () => Promise<unknown>) {
    onTestFailed(async () => console.log(await stage.report()));
    const outcome = await play({
      ...{ stage, traffic, what: `TLS: ${what}`, count, reloads },
      play: async () => {
        await act();
        await stage.rolledOut();
      },
    });
    replicas = outcome.replicas;
  }
  const scale = (count: number) =>
    stage.kubectl(['scale', 'deployment/haproxy', `--replicas=${count}`]);
  const ask = (replica: Replica, command: string, socket = admin) =>
    replica.shell(`echo '${command}' | socat -t 10 - ${socket}`);

  async function onlyTls(): Promise<void> {
    // Only who has connected tells how: of two replicas one.
    const peers = await Promise.all(replicas.map((each) => ask(each, 'show peers haproxy-peers')));
    expect(peers.join('')).toContain('xprt=SSL');
    expect(peers.join('')).not.toContain('xprt=RAW');
    for (const replica of replicas) {
      const text = await replica.shell("sed -n '/^peers/,/^$/p' /etc/haproxy/haproxy.cfg");
      expect(text).toMatch(/^ +default-server .*ssl.* verify required/m);
      expect(text).toMatch(/^ +bind .*ssl.*verify required/m);
      for (const { pod } of replicas) expect(text).toMatch(new RegExp(`^ +server ${pod}`, 'm'));
    }
  }

  it('starts under restricted pod security and shares the entries over TLS', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    await stage.kubectl(['apply', '-k', 'examples/tls']);
    await stage.rolledOut();
    replicas = await stage.replicas(3);
    await allEstablished(replicas);
    await replicas[0]?.fill(entries);
    await allKeep(replicas);

    await onlyTls();
    expect(await stage.restarts()).toBe(0);
  });

  it('keeps the key readable for the user of the pod alone', async () => {
    const modes = await replicas[0]?.shell('stat -c "%a %u" /etc/haproxy/peers-tls.pem');

    expect(modes?.trim()).toBe('600 65532');
  });

  it('keeps every entry when replicas join and in a rollout restart, and ssl on every line', async () => {
    await traffic.start();

    await change('scale 3 to 5', 5, 2, () => scale(5));
    await onlyTls();
    await change('rollout restart', 5, 0, () =>
      stage.kubectl(['rollout', 'restart', 'deployment/haproxy']),
    );
    await onlyTls();
  });

  it('gives nothing to a peer without a certificate, or with one of another CA', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const before = (await stage.present()).map(({ pod }) => pod);
    await change('scale 5 to 3', 3, 0, () => scale(3));
    const [host, target] = replicas;
    if (host === undefined || target === undefined) throw new Error('no replicas');
    // A peer that is gone stays known for a while: its name would be let in.
    const name = before.find((pod) => !replicas.some((replica) => replica.pod === pod));
    const address = await stage.kubectl([
      ...['get', 'pod', target.pod, '-o', 'jsonpath={.status.podIP}'],
    ]);
    const run = '/var/run/haproxy';

    async function put(path: string, text: string): Promise<void> {
      const exec = ['exec', '-i', host?.pod ?? '', '-c', 'haproxy', '--'];
      await stage.kubectl([...exec, 'sh', '-c', `cat > ${path}`], text);
    }
    /** How many entries another HAProxy in that pod gets under that name, once its resync is over. */
    async function stolen(tls: TlsMaterial | null, shows = true): Promise<number> {
      if (tls !== null) {
        await put(`${run}/stranger.pem`, tls.certificate + tls.key);
      }
      const crt = `crt ${run}/stranger.pem`;
      const lines =
        tls === null
          ? [`peer ${name} 127.0.0.1:3999`, `peer ${target?.pod} ${address}:3000`]
          : [
              // It takes whatever certificate it is shown.
              `default-server ssl verify none ${shows ? crt : ''}`,
              `bind 127.0.0.1:3999 ssl ${crt}`,
              `server ${name}`,
              `server ${target?.pod} ${address}:3000`,
            ];
      await put(
        `${run}/stranger.cfg`,
        [
          'global',
          `  localpeer ${name}`,
          '  fd-hard-limit 1000',
          `  stats socket ${run}/stranger.sock level admin`,
          'defaults',
          '  mode http',
          '  timeout connect 5s',
          '  timeout client 5s',
          '  timeout server 5s',
          'peers haproxy-peers',
          ...lines.map((line) => `  ${line}`),
          'backend sessions',
          '  stick-table type string len 64 size 2m expire 1h store gpc0,http_req_cnt peers haproxy-peers',
          '',
        ].join('\n'),
      );
      const start = `haproxy -D -p ${run}/stranger.pid -f ${run}/stranger.cfg`;
      await host?.shell(`${start} >/dev/null 2>&1`);
      try {
        await eventually(
          async () => {
            const text = await ask(host as Replica, 'show peers', `${run}/stranger.sock`);
            const flags = Number(/ flags=(0x[0-9a-f]+)/.exec(text)?.[1] ?? 0);
            return (flags & 3) === 3;
          },
          { timeoutMs: 30_000, intervalMs: 250 },
        );
        const table = await ask(host as Replica, 'show table', `${run}/stranger.sock`);
        return Number(/ used:(\d+)/.exec(table)?.[1]);
      } finally {
        await host?.shell(`kill $(cat ${run}/stranger.pid); rm -f ${run}/stranger*`);
      }
    }

    expect(await stolen(null)).toBe(0);
    expect(await stolen(createCa(directory, 'other').issue())).toBe(0);
    expect(await stolen(material, false)).toBe(0);
    // With a certificate of the CA it gets all: so nothing else was in its way.
    expect(await stolen(material)).toBeGreaterThanOrEqual(entries);
  });

  it('takes a renewed certificate over without a reload, and goes on with it', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const before = await Promise.all(replicas.map((replica) => replica.reloads()));
    const loaded = async (replica: Replica) =>
      /Serial: (\w+)/.exec(await ask(replica, 'show ssl cert /etc/haproxy/peers-tls.pem'))?.[1];
    const old = await Promise.all(replicas.map(loaded));
    material = ca.issue();
    const started = Date.now();

    await putSecret();
    for (const [index, replica] of replicas.entries()) {
      // Kubelet updates a mounted Secret within a minute or two.
      const renewed = async () => (await loaded(replica)) !== old[index];
      await eventually(renewed, { timeoutMs: 200_000, intervalMs: 1000 });
    }

    figure('renewed Secret in force on all replicas after', seconds(started));
    expect(await Promise.all(replicas.map((replica) => replica.reloads()))).toEqual(before);
    await change('rollout restart with the renewed certificate', 3, 0, () =>
      stage.kubectl(['rollout', 'restart', 'deployment/haproxy']),
    );
    await onlyTls();
  });

  it('never restarted a container, logged an error or showed the key', async () => {
    await stage.collectLogs();

    expect(await stage.restarts()).toBe(0);
    const lines = [...stage.logs.values()].flatMap((text) => text.split('\n'));
    expect(lines.filter((line) => /"level":("error"|"fatal"|50|60)/.test(line))).toEqual([]);
    const secrets = material.key.split('\n').filter((line) => !line.startsWith('-') && line !== '');
    expect(secrets.length).toBeGreaterThan(0);
    expect(lines.filter((line) => secrets.some((secret) => line.includes(secret)))).toEqual([]);
  });
});
