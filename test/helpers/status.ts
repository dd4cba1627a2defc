import type { Status } from '../../src/telemetry/status-schema.ts';

/** A valid status of a replica that holds nothing, and what the test is about. */
export function status(name: string, part: Partial<Status> = {}): Status {
  return {
    name,
    address: '10.0.0.9',
    version: '1',
    startedAtMs: 0,
    ready: false,
    reasons: [],
    members: { synced: true, names: [], notes: [] },
    section: null,
    resync: 'alone',
    haproxy: { version: '3.4.0', reloads: 0 },
    peers: [],
    tables: [],
    pending: null,
    lastChange: null,
    lastFailure: null,
    ...part,
  };
}
