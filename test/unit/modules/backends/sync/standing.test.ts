import { describe, expect, it } from 'vitest';
import type { Notice } from '../../../../../src/model/notice.ts';
import type { Kept } from '../../../../../src/modules/backends/runtime/keeper.ts';
import { createStanding } from '../../../../../src/modules/backends/sync/standing.ts';
import { createMetrics } from '../../../../../src/modules/metrics.ts';
import { silentRecorder } from '../../../../../src/telemetry/event-recorder.ts';
import { capturedLog } from '../../../../helpers/captured-log.ts';

const all = [
  { backend: 'be_app', namespace: 'web', service: 'app', port: 'http' },
  { backend: 'be_api', namespace: 'web', service: 'api', port: null },
];

function kept(part: Partial<Kept> = {}): Kept {
  const servers = { up: 2, drain: 1, maint: 0 };
  return { serves: true, holds: [], servers, has: [], changes: 0, wakeMs: null, ...part };
}

const empty = { up: 0, drain: 0, maint: 0 };

function create(wasReady = false) {
  const { log, lines } = capturedLog();
  const metrics = createMetrics({ version: 'test', node: '24' });
  const notices: Notice[] = [];
  let became = 0;
  const standing = createStanding(
    {
      ...{ metrics, log, wasReady },
      events: { ...silentRecorder, record: (notice) => void notices.push(notice) },
      onStanding() {
        became += 1;
      },
    },
    all,
  );
  return { standing, metrics, notices, lines, became: () => became };
}

describe('how backends stand', () => {
  it('keeps a replica from being ready until each of them has served once', () => {
    const { standing, became } = create();

    expect(standing.waits()).toBe(
      'backend be_app has no servers yet: its endpoints are not known yet',
    );
    standing.heard('be_app', 'forbidden');
    expect(standing.waits()).toBe('backend be_app has no servers yet: forbidden');
    standing.kept(
      'be_app',
      kept({ serves: false, holds: ['no such backend'], servers: empty }),
      [],
    );
    expect(standing.waits()).toBe('backend be_app has no servers yet: no such backend');
    standing.kept('be_app', kept(), []);
    expect(standing.waits()).toContain('backend be_api');
    standing.kept('be_api', kept({ servers: empty }), []);
    expect(standing.waits()).toBeNull();
    expect(became()).toBe(2);

    standing.kept('be_app', kept({ serves: false }), []);
    standing.heard('be_app', 'away');
    expect(standing.waits()).toBeNull();
  });

  it('does not take a replica out of service that was ready before its sidecar started anew', () => {
    expect(create(true).standing.waits()).toBeNull();
  });

  it('says once what is not as it should be, and that it is again', () => {
    const { standing, notices, lines, metrics } = create();
    const held = kept({ holds: ['HAProxy refuses a: no'] });
    for (let round = 0; round < 3; round += 1)
      standing.kept('be_app', held, ['a slice has no port']);

    const message = 'be_app: HAProxy refuses a: no; a slice has no port';
    expect(notices).toEqual([{ reason: 'BackendHeld', message }]);
    expect(standing.trouble(null)).toBe(
      'backend be_app: HAProxy refuses a: no; backend be_app: a slice has no port',
    );
    expect(standing.status()[0]).toEqual({
      ...{ name: 'be_app', service: 'web/app:http', servers: { up: 2, drain: 1, maint: 0 } },
      held: ['HAProxy refuses a: no', 'a slice has no port'],
    });
    standing.kept('be_app', kept(), []);
    standing.kept('be_app', kept(), []);

    expect(lines.map(({ msg }) => msg)).toEqual([
      'some endpoints are no servers',
      'all endpoints are servers again',
    ]);
    expect(standing.trouble(null)).toBeNull();
    expect(metrics.backendHeld).toBeDefined();
  });

  it('says that all stay as they are while HAProxy or the API server is silent', () => {
    const { standing } = create();
    standing.heard('be_api', 'away');

    expect(standing.trouble('no answer')).toBe(
      'backend be_api stays as it is: away; backends stay as they are: no answer',
    );
    expect(standing.status()[1]).toEqual({
      ...{ name: 'be_api', service: 'web/api', servers: null, held: ['away'] },
    });
  });

  it('has metrics of each backend', async () => {
    const { standing, metrics } = create();
    standing.heard('be_app', null);
    standing.kept('be_app', kept({ holds: ['no'] }), []);
    const text = await metrics.registry.metrics();

    for (const line of [
      'haproxy_peer_sync_backend_servers{backend="be_app",state="up"} 2',
      'haproxy_peer_sync_backend_servers{backend="be_app",state="drain"} 1',
      'haproxy_peer_sync_backend_connected{backend="be_app"} 1',
      'haproxy_peer_sync_backend_connected{backend="be_api"} 0',
      'haproxy_peer_sync_backend_held{backend="be_app"} 1',
    ])
      expect(text).toContain(line);
  });
});
