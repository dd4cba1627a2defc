import { describe, expect, it } from 'vitest';
import { renderStatus } from '../../../src/cli/status-view.ts';
import type { Status } from '../../../src/telemetry/status-schema.ts';
import { peer } from '../../helpers/members.ts';
import { status } from '../../helpers/status.ts';

const nowMs = 1_000_000;

/** Of a replica that is well. */
function well(name: string, part: Partial<Status> = {}): Status {
  return status(name, {
    address: '10.0.0.1',
    version: '1.2.3',
    ready: true,
    members: { synced: true, names: ['web-1', 'web-2'], notes: [] },
    section: { name: 'haproxy-peers', entries: 2 },
    resync: 'learned',
    haproxy: { version: '3.4.0', reloads: 1 },
    peers: [
      peer(name, { address: '10.0.0.1:3000', local: true, established: false, lastStatus: 'NONE' }),
      peer('web-2', { address: '10.0.0.2:3000' }),
    ],
    tables: [
      { name: 'sessions', size: 2_097_152, used: 40_000, shared: true },
      { name: 'local-only', size: 100, used: 7, shared: false },
    ],
    ...part,
  });
}

const plain = { colors: false, nowMs };

describe('renderStatus', () => {
  it('shows a replica that is well, in one block', () => {
    const found = [{ name: 'web-1', status: well('web-1') }];

    expect(renderStatus(found, plain)).toMatchInlineSnapshot(`
      "web-1  10.0.0.1  ready
        haproxy       3.4.0, 1 reload; learned from a peer
        members       2; section haproxy-peers has 2 peers; haproxy-peer-sync 1.2.3
        change        none is due
        last change   none
        peers
          web-2  10.0.0.2:3000  connected
        tables
          sessions  40,000 entries of 2,097,152
      "
    `);
  });

  it('shows backends, and those that serve nobody', () => {
    const service = 'web/app:http';
    const backends: Status['backends'] = [
      { name: 'be_app', service, servers: { up: 1, drain: 2, maint: 3 }, held: [] },
      { name: 'be_new', service, servers: null, held: [] },
    ];
    const text = renderStatus([{ name: 'web-1', status: well('web-1', { backends }) }], plain);

    expect(text).toContain(
      '  backend       be_app from web/app:http: 1 server in use, 2 for clients that stick to them, 3 in maintenance\n',
    );
    expect(text).toContain(
      '  backend       be_new from web/app:http: its servers are not known yet\n',
    );
  });

  it('shows what is not well, and why', () => {
    const change = { joined: ['web-3'], moved: [], left: ['web-0'], atMs: nowMs - 90_000, ms: 130 };
    const ill = well('web-2', {
      ready: false,
      reasons: ['this replica has not finished its resync'],
      resync: 'pending',
      members: { synced: true, names: ['web-1'], notes: ['web-9 has no address yet'] },
      peers: [
        {
          name: 'web-1',
          address: '10.0.0.1:3000',
          local: false,
          established: false,
          lastStatus: 'UNKN',
        },
      ],
      tables: [{ name: 'sessions', size: 2_097_152, used: 39_000, shared: true }],
      pending: {
        add: ['web-4'],
        update: [],
        remove: ['web-5', 'web-6'],
        decision: 'wait',
        reasons: ['this replica has not finished its resync'],
      },
      lastChange: change,
      lastFailure: { atMs: nowMs - 3000, code: 'RELOAD_FAILED' },
    });
    const found = [
      { name: 'web-1', status: well('web-1') },
      { name: 'web-2', status: ill },
      { name: 'web-3', status: null, why: 'does not answer' },
    ];

    expect(renderStatus(found, plain)).toMatchInlineSnapshot(`
      "web-1  10.0.0.1  ready
        haproxy       3.4.0, 1 reload; learned from a peer
        members       2; section haproxy-peers has 2 peers; haproxy-peer-sync 1.2.3
        change        none is due
        last change   none
        peers
          web-2  10.0.0.2:3000  connected
        tables
          sessions  40,000 entries of 2,097,152

      web-2  10.0.0.1  not ready: this replica has not finished its resync
        haproxy       3.4.0, 1 reload; resync under way
        members       1; section haproxy-peers has 2 peers; haproxy-peer-sync 1.2.3
        note          web-9 has no address yet
        change        add web-4; remove web-5, web-6 (wait: this replica has not finished its resync)
        last change   90s ago, joined web-3; left web-0, in 130 ms
        last failure  RELOAD_FAILED, 3s ago
        peers
          web-1  10.0.0.1:3000  not connected (UNKN)
        tables
          sessions  39,000 entries of 2,097,152  1,000 behind the fullest

      web-3  does not answer
      "
    `);
  });

  it('says nothing of peers where there are none: the command backends', () => {
    const backends = [
      {
        ...{ name: 'be_app', service: 'web/app:http', held: [] },
        servers: { up: 2, drain: 0, maint: 0 },
      },
    ];
    const part = { mode: 'backends', section: null, resync: null, backends } as const;
    const told = (more: Partial<Status>) =>
      renderStatus(
        [{ name: 'lb', status: well('lb', { ...part, ...more, peers: [], tables: [] }) }],
        plain,
      );

    expect(told({})).toMatchInlineSnapshot(`
      "lb  ready
        haproxy       3.4.0, 1 reload; without peers; haproxy-peer-sync 1.2.3
        backend       be_app from web/app:http: 2 servers in use
      "
    `);
    expect(told({ haproxy: { version: null, reloads: null }, troubles: ['it is away'] })).toMatch(
      / {2}haproxy {7}does not answer\n.* {2}trouble {7}it is away\n$/s,
    );
  });

  it('says of peers that are not connected which of them need not be', () => {
    const away = { established: false, lastStatus: 'CONN' };
    const waits = well('web-1', {
      peers: [
        peer('web-2', { address: '10.0.0.2:3000' }),
        peer('web-3', { address: '10.0.0.3:3000', ...away }),
        peer('web-4', { address: '[::1]:1', ...away }),
      ],
      pending: {
        ...{ add: [], update: [], remove: ['web-3'], decision: 'wait' },
        reasons: ['only dead or moved peers, which do no harm: waiting for an addition to go with'],
      },
    });

    const text = renderStatus([{ name: 'web-1', status: waits }], plain);

    expect(text).toContain('change        later: remove web-3 (wait: only dead or moved peers');
    expect(text).toMatch(
      /web-3 {2}10\.0\.0\.3:3000 {2}leaving: its pod is gone or being deleted\n/,
    );
    expect(text).toMatch(/web-4 {2}\[::1\]:1 {8}expected: there is no such pod yet\n/);
  });

  it('colours for somebody who looks, and only then', () => {
    const found = [{ name: 'web-1', status: well('web-1') }];
    const esc = String.fromCharCode(27);

    expect(renderStatus(found, { ...plain, colors: true })).toContain(`${esc}[32mready`);
    expect(renderStatus(found, plain)).not.toContain(esc);
  });
});
