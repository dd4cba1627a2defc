import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/modules/metrics.ts';
import { showPeers } from '../../../src/modules/peers/scrape.ts';
import { countWatch, createScrape } from '../../../src/telemetry/scrape.ts';
import type { Status } from '../../../src/telemetry/status-schema.ts';
import { membership } from '../../helpers/members.ts';
import { status } from '../../helpers/status.ts';

const silent = status('a', { resync: null, haproxy: { version: null, reloads: null } });

function sibling(name: string, part: Partial<Status['peers'][number]> = {}) {
  const address = '10.0.0.2:3000';
  return { name, address, local: false, established: true, lastStatus: 'ESTA', lag: 3, ...part };
}

/** What HAProxy says as the test sets it, and what a scrape then reads. */
function bench(perPeer = false) {
  const metrics = createMetrics({ version: '1', node: '24' });
  let told: Status = silent;
  const scrape = createScrape({
    metrics,
    status: async () => told,
    source: {
      name: 'kubernetes',
      snapshot: () => ({ ...membership('a'), observedAtMs: 90_000 }),
    },
    lastPassAtMs: () => 60_000,
    show: [showPeers({ metrics, perPeer })],
  });
  return {
    metrics,
    async read(part: Partial<Status>): Promise<string> {
      told = { ...silent, ...part };
      await scrape();
      return metrics.registry.metrics();
    },
  };
}

describe('createScrape', () => {
  it('shows shared tables, and no others', async () => {
    const { read } = bench();

    const text = await read({
      haproxy: { version: '3.4.0', reloads: 7 },
      tables: [
        { name: 'sessions', size: 100, used: 40, shared: true },
        { name: 'private', size: 100, used: 1, shared: false },
      ],
    });

    expect(text).toContain('_table_entries{table="sessions"} 40');
    expect(text).toContain('_table_size{table="sessions"} 100');
    expect(text).not.toContain('private');
    expect(text).toContain('_haproxy_info{version="3.4.0"} 1');
    expect(text).toContain('_haproxy_master_reloads_total 7');
    expect(text).toContain('_members_heard_timestamp_seconds{source="kubernetes"} 90');
    expect(text).toContain('_last_pass_timestamp_seconds 60');
  });

  it('shows nothing rather than 0 while HAProxy does not answer', async () => {
    const { read } = bench();
    await read({
      haproxy: { version: '3.4.0', reloads: 7 },
      tables: [{ name: 'sessions', size: 100, used: 40, shared: true }],
    });

    const text = await read({});

    expect(text).not.toContain('_table_entries{');
    expect(text).not.toContain('_haproxy_info{');
    expect(text).not.toMatch(/^haproxy_peer_sync_haproxy_master_reloads_total /m);
    expect(text).not.toMatch(/^haproxy_peer_sync_peer_lag_updates_max /m);
  });

  it('takes over what the master counts, which begins anew with it', async () => {
    const { read } = bench();
    const counted = async (reloads: number) => {
      const text = await read({ haproxy: { version: '3.4.0', reloads } });
      return /_master_reloads_total (\d+)/.exec(text)?.[1];
    };

    expect(await counted(7)).toBe('7');
    expect(await counted(9)).toBe('9');
    expect(await counted(0)).toBe('0');
  });

  it('shows one figure for all peers: that of the furthest behind', async () => {
    const { read } = bench();

    const text = await read({
      resync: 'learned',
      peers: [sibling('b'), sibling('c', { lag: 9 }), sibling('a', { local: true, lag: 99 })],
    });

    expect(text).toContain('_peer_lag_updates_max 9');
    expect(text).not.toContain('peer="');
  });

  it('shows each peer when asked to, for as long as it is there', async () => {
    const { read } = bench(true);
    const away = sibling('c', { established: false, lag: undefined });
    const first = await read({ peers: [sibling('b'), away] });

    const second = await read({ peers: [away] });

    expect(first).toContain('_peer_lag_updates{peer="b"} 3');
    expect(first).toContain('_peer_established{peer="b"} 1');
    expect(first).toContain('_peer_established{peer="c"} 0');
    expect(first).not.toContain('_peer_lag_updates{peer="c"}');
    expect(second).not.toContain('peer="b"');
  });

  it('reads 1,000 peers into one series', async () => {
    const { read } = bench();
    const peers = Array.from({ length: 1000 }, (_, index) => sibling(`web-${index}`));

    const text = await read({ peers, resync: 'learned' });

    expect(text.split('\n').filter((line) => /^haproxy_peer_sync_peer_/.test(line))).toHaveLength(
      1,
    );
  });
});

describe('countWatch', () => {
  it('is absent before anything was heard, and says when the watch is open', async () => {
    const { metrics } = bench();
    const health = countWatch(metrics, 'kubernetes', () => 5000);
    const before = await metrics.registry.metrics();

    health.listed();
    health.opened();
    const open = await metrics.registry.metrics();
    health.failed('KUBERNETES_UNREACHABLE');
    const failed = await metrics.registry.metrics();

    expect(before).not.toContain('_source_connected{');
    expect(open).toContain('_source_connected{source="kubernetes"} 1');
    expect(open).toContain('_source_listed_timestamp_seconds{source="kubernetes"} 5');
    expect(open).toContain('_source_watches_total{source="kubernetes"} 1');
    expect(failed).toContain('_source_connected{source="kubernetes"} 0');
    expect(failed).toContain('code="KUBERNETES_UNREACHABLE"} 1');
  });
});
