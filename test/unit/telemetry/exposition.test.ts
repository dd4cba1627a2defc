import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/modules/metrics.ts';
import { expose, toOpenMetrics, wantsOpenMetrics } from '../../../src/telemetry/exposition.ts';

describe('wantsOpenMetrics', () => {
  it.each([
    // Prometheus 2.42 and 3.x as they ask.
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      true,
    ],
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.4,*/*;q=0.1',
      true,
    ],
    ['text/plain;version=0.0.4,application/openmetrics-text;q=0.1', false],
    ['application/openmetrics-text;q=0', false],
    ['text/plain', false],
    ['*/*', false],
    [undefined, false],
  ])('%s: %s', (accept, wanted) => {
    expect(wantsOpenMetrics(accept)).toBe(wanted);
  });
});

describe('toOpenMetrics', () => {
  it('names the family of a counter without its ending, and its samples with it', () => {
    const text = '# HELP a_total Some "a".\n# TYPE a_total counter\na_total{k="v"} 1\n\n';

    expect(toOpenMetrics(text)).toBe(
      '# HELP a Some \\"a\\".\n# TYPE a counter\na_total{k="v"} 1\n# EOF\n',
    );
  });

  it('leaves a gauge alone whose name only looks like a counter', () => {
    const text = '# HELP b_total Some.\n# TYPE b_total gauge\nb_total 1\n';

    expect(toOpenMetrics(text)).toBe(`${text}# EOF\n`);
  });
});

describe('expose', () => {
  it('answers each scraper in its own format, one after the other', async () => {
    const { registry } = createMetrics({ version: '1.2.3', node: '24.0.0' });

    const plain = await expose(registry, 'text');
    const open = await expose(registry, 'openmetrics');
    const again = await expose(registry, 'text');

    expect(plain.contentType).toContain('text/plain');
    expect(open.contentType).toContain('application/openmetrics-text');
    expect(open.text).toContain('# TYPE haproxy_peer_sync_reloads counter');
    expect(open.text.endsWith('\n# EOF\n')).toBe(true);
    expect(plain.text).toContain('# TYPE haproxy_peer_sync_reloads_total counter');
    expect(again.text).toBe(plain.text);
  });
});
