import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { programs } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { ownNetwork } from '../../rig/network.ts';

const main = fileURLToPath(new URL('../../demo/main.ts', import.meta.url));
const modern = programs.haproxy34 ?? programs.haproxy30;

/** The demo as a user starts it, small. Each case has loopback addresses of its own. */
async function demo(...flags: readonly string[]) {
  const child = spawn(process.execPath, [main, '--entries=2000', '--replicas=2', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const exitCode = await new Promise((resolve) => child.once('close', resolve));
  return { exitCode, text };
}

const cases = [
  [
    'direct applier, HAProxy on the path',
    programs.haproxy,
    'none',
    ownNetwork(),
    ['--applier=direct'],
  ],
  ['relay mode, HAProxy on the path', programs.haproxy, 'none', ownNetwork(), ['--relay']],
  ['relay mode, HAProxy 3', modern, 'none', ownNetwork(), ['--relay']],
  ['Data Plane API v3, HAProxy 3', modern, programs.dataplaneV3, ownNetwork(), []],
  [
    'Data Plane API v3, HAProxy on the path',
    programs.haproxy,
    programs.dataplaneV3,
    ownNetwork(),
    [],
    // Its parts are in the cases before.
    onlyInAll,
  ],
] as const;

describe.each(cases)('the demo: %s', (_, haproxy, api, network, flags, rare?) => {
  it('keeps every entry through joins, replacements and a hard kill', {
    ...unless(missingOf({ HAProxy: haproxy, 'Data Plane API': api }) ?? rare),
    timeout: 120_000,
  }, async () => {
    const { exitCode, text } = await demo(`--haproxy=${haproxy}`, `--network=${network}`, ...flags);

    expect(text).toContain('Every survivor has every entry');
    expect(text.match(/keeps 2,000 of 2,000 entries/g)).toHaveLength(3);
    const relay = flags.some((flag) => flag === '--relay');
    expect(text.includes('Reloads of HAProxy, all replicas together: 0.')).toBe(relay);
    expect(exitCode).toBe(0);
  });
});
