import { env, pid } from 'node:process';

let used = 0;

/**
 * The first three numbers of 254 loopback addresses, e.g. `127.81.11`, which no other test of this run uses and hardly any of
 * another run: replicas listen on one port each, at addresses of their own.
 */
export function ownNetwork(): string {
  used += 1;
  return `127.${16 + (pid % 200)}.${(Number(env.VITEST_POOL_ID ?? 0) % 16) * 16 + used}`;
}
