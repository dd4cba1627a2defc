import { describe, expect, it } from 'vitest';
import type { Applier } from '../../../src/apply/applier.ts';
import { createDryRunApplier } from '../../../src/apply/memory.ts';
import { createLog } from '../../../src/log.ts';
import { noChanges } from '../../../src/model/changes.ts';
import { entry, section } from '../../helpers/members.ts';
import { memoryOf, optionsOf, peersApplier } from '../../helpers/peers-applier.ts';

const never = new AbortController().signal;

function harness() {
  const lines: string[] = [];
  const log = createLog('info', { write: (line: string) => void lines.push(line) });
  const began = section(['a']);
  const real = memoryOf(began);
  const over = (applier: Applier) => peersApplier(applier, optionsOf(began));
  return { real: over(real), dry: over(createDryRunApplier(real, log)), lines };
}

describe('the dry run', () => {
  it('says once what it would do, and writes nothing', async () => {
    const { real, dry, lines } = harness();
    const wanted = { ...noChanges, add: [entry('b')] };

    const applied = await dry.apply(await dry.read(never), wanted, never);
    await dry.apply(await dry.read(never), wanted, never);

    expect(applied.reloaded).toBe(false);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ add: ['b'], update: [], remove: [] });
    expect((await dry.read(never)).entries.map(({ name }) => name)).toEqual(['a', 'b']);
    expect((await real.read(never)).entries.map(({ name }) => name)).toEqual(['a']);
  });

  it('forgets what it pretended when the real section changes', async () => {
    const { real, dry } = harness();
    await dry.apply(await dry.read(never), { ...noChanges, add: [entry('b')] }, never);
    await real.apply(await real.read(never), { ...noChanges, add: [entry('c')] }, never);

    expect((await dry.read(never)).entries.map(({ name }) => name)).toEqual(['a', 'c']);
  });
});

describe('the memory applier', () => {
  it('refuses a section with obstacles', async () => {
    const base = section(['a'], { obstacles: ['something would be lost'] });
    const applier = peersApplier(memoryOf(base), optionsOf(base));

    await expect(
      applier.apply(base, { ...noChanges, add: [entry('b')] }, never),
    ).rejects.toMatchObject({
      code: 'SECTION_UNMODELLED',
      message: expect.stringContaining('something would be lost'),
    });
  });
});
