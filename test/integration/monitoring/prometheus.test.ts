import got from 'got';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metricDefinitions } from '../../../src/modules/metrics.ts';
import { type MetricDefinition, metricPrefix } from '../../../src/telemetry/metric-definition.ts';
import { eventually } from '../../helpers/eventually.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../../helpers/kube-apiserver.ts';
import { createPod, deletePod } from '../../helpers/kube-pods.ts';
import { filledIn, readAlerts, readDashboard, rulesFile } from '../../helpers/monitoring.ts';
import { programs } from '../../helpers/programs.ts';
import { type Prometheus, promtool, startPrometheus } from '../../helpers/prometheus.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';
import { ownNetwork } from '../../rig/network.ts';
import { raise } from '../../rig/raise.ts';
import { createReplica, type Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';

const haproxy = programs.haproxy34 ?? programs.haproxy;
const missing =
  kubeApiserverMissing ??
  missingOf({
    HAProxy: haproxy,
    'Data Plane API': programs.dataplaneV3,
    Prometheus: programs.prometheus,
    promtool: programs.promtool,
  });
const network = ownNetwork();
const names = ['a', 'b', 'c'] as const;
const entries = 500;

/** What does not happen to replicas that are well: no series is there before the first. */
const quiet = [
  'Failures: {{code}}',
  'Watches: failed, {{code}}',
  'Kubernetes Events: {{reason}} {{outcome}}',
  // Without --peers-tls.
  'Certificates expire in: {{pod}}',
  // Without --watch-template.
  'Template in force: {{pod}}',
  // Without --mode relay.
  'Links and sessions: links {{pod}}',
  'Links and sessions: sessions {{pod}}',
  // Nor --lessons.
  'Links and sessions: links for lessons {{pod}}',
  'Slots: held {{pod}}',
  'Links that ended or did not come: ended {{code}}',
  'Links that ended or did not come: no link {{code}}',
  'Links that ended or did not come: stranger {{code}}',
  // Nor are there snapshots.
  'Age of the newest snapshot: age',
  'Age of the newest snapshot: interval',
  'Size of snapshots: entries {{pod}}',
  'Size of snapshots: bytes {{pod}}',
  // Nor backends.
  'Servers: {{backend}} {{state}}',
  'Servers: {{backend}} held',
  'From news to rotation: p50',
  'From news to rotation: p99',
  'Commands to the worker: {{command}} {{outcome}}',
  'Services that are followed: {{backend}}',
  // Nor sums.
  'Sums that are current: current',
  'Sums that are current: fewest links',
  'Sums that are current: origins',
  'Keys that are summed: {{table}}',
  'Keys that are summed: {{table}} made room',
];
/** Only while a change waits. */
const passing = ['Why changes wait: {{reason}}'];

describe('three replicas under a real Prometheus', unless(missing), () => {
  const directory = suiteFolder();
  let server: KubeApiserver;
  let prometheus: Prometheus;
  const replicas: Replica[] = [];

  async function join_(name: (typeof names)[number]): Promise<Replica> {
    const address = `${network}.${names.indexOf(name) + 1}`;
    await createPod(server, 'edge', name, { ips: [address] });
    const replica = createReplica(
      {
        haproxy: haproxy ?? '',
        dataplane: programs.dataplaneV3 ?? '',
        directory,
        sourceFlags: [
          '--namespace=edge',
          '--selector=app=haproxy',
          `--kubeconfig=${server.kubeconfigPath}`,
        ],
        flags: ['--metrics-per-peer', '--removal-delay=1s'],
      },
      name,
      address,
    );
    replicas.push(replica);
    await raise(replica);
    return replica;
  }

  function metricsOf({ address, ports }: Replica, accept = 'text/plain') {
    return got(`http://${address}:${ports.probe}/metrics`, { headers: { accept } });
  }

  beforeAll(async () => {
    server = await startKubeApiserver();
    await server.createNamespace('edge');
    const first = await join_('a');
    // From the start, so that what comes is an increase.
    prometheus = await startPrometheus(
      programs.prometheus ?? '',
      names.map((pod, index) => ({
        address: `${network}.${index + 1}:8405`,
        labels: { namespace: 'edge', pod },
      })),
      rulesFile,
    );
    await fillTable(first, entries);
    await eventually(async () => (await prometheus.query('up == 1')).length === 1);
    await join_('b');
    await join_('c');
    await eventually(async () => (await prometheus.query('up == 1')).length === 3, {
      timeoutMs: 30_000,
    });
  }, kubeApiserverTimeoutMs);
  afterAll(async () => {
    await prometheus?.stop();
    await Promise.all(replicas.map((replica) => replica.kill()));
    await server?.stop();
  });

  it('are scraped as OpenMetrics, and tell of every metric that has something to tell', async () => {
    const [first] = replicas;
    const open = await metricsOf(first!, 'application/openmetrics-text;version=1.0.0');
    const plain = await metricsOf(first!);

    expect(open.headers['content-type']).toContain('application/openmetrics-text');
    expect(open.body).toContain('\n# EOF');
    expect(plain.headers['content-type']).toContain('text/plain');
    // Those of what is not in use here, a followed template and relay mode, are not there.
    const definitions: readonly MetricDefinition[] = Object.values(metricDefinitions);
    for (const { name, type } of definitions.filter(({ absent }) => absent !== true)) {
      const base = metricPrefix + name;
      const found = await prometheus.query(`{__name__=~"${base}(_bucket)?"}`);
      const silent = [
        'source_failures_total',
        // Without --aggregate.
        'aggregate_keys',
        'aggregate_evicted_keys',
        // Without --backend.
        'backend_servers',
        'backend_connected',
        'backend_held',
        'backend_commands_total',
        'backend_change_duration_seconds',
        'kubernetes_events_total',
        'waits_total',
        'changes_waiting_reason',
      ];
      if (!silent.includes(name)) expect(found.length, `${type} ${base}`).toBeGreaterThan(0);
    }
  });

  it('have a bounded number of series', async () => {
    const each = '{__name__=~"haproxy_peer_sync_.*", peer=""}';

    const many = await prometheus.query(`count by (pod) (${each}) > 300`);
    const few = await prometheus.query(`count by (pod) (${each}) > 150`);

    expect(many).toEqual([]);
    expect(few.length).toBeGreaterThan(0);
  });

  it('pass the lint of promtool', async () => {
    const { body } = await metricsOf(replicas[0]!);

    const { ok, text } = await promtool(programs.promtool ?? '', ['check', 'metrics'], body);

    expect(text).toBe('');
    expect(ok).toBe(true);
  });

  it('answer every query of the dashboard', async () => {
    await deletePod(server, 'edge', 'c');
    await replicas[2]?.stop();
    await eventually(
      async () => (await prometheus.query(`${metricPrefix}members == 2`)).length >= 2,
      {
        timeoutMs: 30_000,
      },
    );
    const empty: string[] = [];
    for (const { title, targets } of readDashboard().panels) {
      for (const { expr, legendFormat } of targets) {
        const found = await prometheus.query(filledIn(expr));
        if (found.length === 0) empty.push(`${title}: ${legendFormat}`);
      }
    }

    expect(empty.filter((one) => !passing.includes(one))).toEqual(quiet);
  });

  it('raise no alert, and Prometheus evaluates every rule', async () => {
    const rules = await eventually(async () => {
      const all = await prometheus.rules();
      return all.every(({ health }) => health !== 'unknown') && all;
    });
    const firing = await prometheus.query('ALERTS{alertstate="firing"}');

    expect(rules.map(({ name }) => name)).toEqual(readAlerts().map(({ alert }) => alert));
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    expect(firing).toEqual([]);
  });

  it('agree with what happened', async () => {
    const value = async (series: string) => {
      const { body } = await metricsOf(replicas[0]!);
      const line = body.split('\n').find((each) => each.startsWith(`${metricPrefix}${series} `));
      return Number(line?.split(' ').at(-1));
    };

    expect(await value('table_entries{table="sessions"}')).toBe(entries);
    expect(await value('reloads_total{cause="join"}')).toBe(2);
    expect(await value('join_seconds_count')).toBe(2);
    expect(await value('entries_changed_total{kind="add"}')).toBe(2);
    expect(await value('missed_resyncs_total{outcome="missed"}')).toBe(0);
    expect(await value('source_connected{source="kubernetes"}')).toBe(1);
    expect(await value('peer_established{peer="b"}')).toBe(1);
    await eventually(async () => expect(await value('peer_established{peer="c"}')).toBeNaN(), {
      timeoutMs: 30_000,
    });
    await eventually(async () => (await value('reloads_total{cause="leave"}')) === 1);
  });

  it('show how far a peer is behind that stands still, and that it has caught up', async () => {
    // More than the buffers of the kernel take, which is some 112,000; and in less than the 5 s after which it is given up.
    const many = 200_000;
    const lag = async () => {
      const { body } = await metricsOf(replicas[0]!);
      return Number(/_peer_lag_updates\{peer="b"\} (\d+)/.exec(body)?.[1]);
    };
    await eventually(async () => (await lag()) === 0);
    replicas[1]?.pauseHaproxy();

    await fillTable(replicas[0]!, many);
    await eventually(async () => (await lag()) > 10_000);
    replicas[1]?.resumeHaproxy();

    await eventually(async () => (await lag()) === 0);
    await eventually(async () => (await replicas[1]?.entries()) === many);
  });
});
