import { expect, it } from 'vitest';
import { createMetrics } from '../../../../src/modules/metrics.ts';
import { countLinks } from '../../../../src/modules/relay/count.ts';
import { count, createCounters } from '../../../../src/modules/relay/links/counters.ts';

it('shows what has become of links as often as it is asked, each once', async () => {
  const metrics = createMetrics({ version: '1', node: '24' });
  const counters = createCounters();
  const show = countLinks(metrics, counters);
  const told = async () => {
    show();
    const text = await metrics.registry.metrics();
    const found = text.matchAll(/^haproxy_peer_sync_relay_(\w+)\{code="([\w-]+)"\} (\d+)$/gm);
    return [...found].filter(([, , , n]) => n !== '0').map(([, name, code, n]) => [name, code, n]);
  };
  expect(await told()).toEqual([]);

  count(counters.ended, 'silent');
  count(counters.failedDials, 'key');
  count(counters.strangers, 'too-often');
  const first = [
    ['links_ended_total', 'silent', '1'],
    ['dials_failed_total', 'key', '1'],
    ['strangers_total', 'too-often', '1'],
  ];
  expect(await told()).toEqual(first);
  expect(await told()).toEqual(first);

  count(counters.ended, 'silent');
  expect(await told()).toContainEqual(['links_ended_total', 'silent', '2']);
});
