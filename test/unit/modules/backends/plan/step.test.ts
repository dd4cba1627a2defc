import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../../../../src/modules/backends/plan/step.ts';

/** Replies of HAProxy 2.6.12, 3.0.11 and 3.4.0, as they came. */
describe('what HAProxy made of a command', () => {
  it.each([
    ['add', 'New server registered.'],
    ['delete', 'Server deleted.'],
    [
      'address',
      "IP changed from '127.0.0.2' to '127.0.0.3', port changed from '80' to '81' by 'stats socket command'",
    ],
    ['address', "no need to change the addr, no need to change the port by 'stats socket command'"],
    ['address', "port changed from '1' to '34463' by 'stats socket command'"],
    ['weight', ''],
    ['enable', ''],
    ['maintain', ''],
    ['check', ''],
    ['close', ''],
  ] as const)('%s is done: %s', (kind, reply) => {
    expect(outcomeOf({ kind }, reply)).toEqual({ kind: 'done' });
  });

  it.each([
    ['delete', 'Server still has connections attached to it, cannot remove it.'],
    ['add', undefined],
    ['delete', undefined],
  ] as const)('%s may be done later: %s', (kind, reply) => {
    expect(outcomeOf({ kind }, reply)).toEqual({ kind: 'later' });
  });

  it.each([
    ['add', 'Already exists a server with the same name in backend.'],
    ['add', "'id' : custom id 99999 already used at (null):0 ('server b')."],
    ['add', 'Backend must use a dynamic load balancing to support dynamic servers.'],
    [
      'add',
      "Backend does not support dynamic servers : backend 'be_srr' uses a non dynamic load balancing method.",
    ],
    ['add', "unknown keyword 'nonsense'."],
    ['add', ''],
    ['delete', 'Only servers in maintenance mode can be deleted.'],
    ['delete', 'No such server.'],
    ['delete', ''],
    ['address', "Invalid addr '999.1.1.1'"],
    ['address', ''],
    ['weight', 'Absolute weight can only be between 0 and 256 inclusive.'],
    ['check', 'Health check was not configured on this server, cannot enable.'],
    ['enable', 'No such server.'],
    ['maintain', 'Permission denied'],
  ] as const)('%s is refused: %s', (kind, reply) => {
    expect(outcomeOf({ kind }, reply)).toEqual({ kind: 'refused', why: reply });
  });
});
