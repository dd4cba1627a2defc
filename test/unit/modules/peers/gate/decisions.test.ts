import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Decision } from '../../../../../src/model/decision.ts';
import { peersGate } from '../../../../../src/modules/peers/gate/gate.ts';
import { gateCase } from '../../../../helpers/gate-inputs.ts';
import { randomOf } from '../../../../helpers/random.ts';

const inputs = 30_000;
const inBlock = 100;
const file = new URL('../../../../golden/gate/decisions.json', import.meta.url);

function decisions(): readonly Decision[] {
  const random = randomOf(1);
  return Array.from({ length: inputs }, () => {
    const { input, settings, nowMs } = gateCase(random);
    return peersGate(input, settings, nowMs);
  });
}

/** GATE_RECORD=1 records anew, after a change of what the gate decides: say in its commit which, and why. */
it('decides what it decided when this was recorded, for 30,000 generated inputs', () => {
  const all = decisions();
  const blocks = Array.from({ length: inputs / inBlock }, (_, block) => {
    const text = JSON.stringify(all.slice(block * inBlock, (block + 1) * inBlock));
    return createHash('sha256').update(text).digest('hex').slice(0, 8);
  });
  if (process.env.GATE_RECORD === '1') writeFileSync(file, `${JSON.stringify(blocks, null, 1)}\n`);

  expect(blocks).toEqual(JSON.parse(readFileSync(file, 'utf8')));
});

it('has been asked for every reason there is', () => {
  const counts = new Map<string, number>();
  for (const decision of decisions()) {
    const codes = 'codes' in decision ? decision.codes : [decision.kind];
    for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  }

  const rare = [...counts].filter(([, count]) => count < 50);
  expect(rare).toEqual([]);
  expect([...counts.keys()].toSorted()).toEqual(
    [
      ...['none', 'apply', 'haproxy-down', 'section-not-running', 'localpeer-mismatch'],
      ...['resync-pending', 'resync-unreadable', 'section-not-loaded', 'burst', 'awaited'],
      ...['removal-delay', 'moved-connected', 'reload-interval', 'siblings-away', 'backoff'],
      ...['turn', 'not-connected', 'siblings-behind'],
    ].toSorted(),
  );
});
