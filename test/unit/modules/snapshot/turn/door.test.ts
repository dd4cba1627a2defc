import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { alone, createDesk } from '../../../../../src/modules/relay/difference/desk.ts';
import { type DoorOptions, openDoor } from '../../../../../src/modules/snapshot/turn/door.ts';
import type { Outcome } from '../../../../../src/modules/snapshot/turn/messages.ts';
import { visit } from '../../../../../src/modules/snapshot/turn/visit.ts';
import { capturedLog } from '../../../../helpers/captured-log.ts';
import { eventually } from '../../../../helpers/eventually.ts';
import { testFolder } from '../../../../helpers/test-folder.ts';

const { signal } = new AbortController();
const taken = { step: 'taken', takenAtMs: 1, entries: 2, bytes: 3, ms: 4, kept: true } as const;

async function opened(change: Partial<DoorOptions> = {}) {
  const { log, lines } = capturedLog();
  const path = join(testFolder(), 'door');
  const desk = createDesk();
  const outcomes: Outcome[] = [];
  const door = await openDoor({
    ...{ path, log, ready: () => true, refuses: () => null },
    alone: (act, stop) => alone(desk, act, stop),
    on(outcome) {
      outcomes.push(outcome);
      return ['b', 'c'];
    },
    ...change,
  });
  onTestFinished(async () => await door?.close());
  const options = { path: change.path ?? path, for: 'take', waitMs: 5000, signal } as const;
  return { path, desk, outcomes, door, lines, options };
}

/** A connection that says this, and what it hears until its end. */
function says(path: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk.toString();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(heard));
    socket.write(text);
  });
}

describe('the door', () => {
  it('is for its owner alone, from the first moment, whatever the umask is', async () => {
    const before = process.umask(0);
    try {
      const { path } = await opened();
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(process.umask()).toBe(0);
    } finally {
      process.umask(before);
    }
  });

  it('lets one in at a time, and notes what came of it', async () => {
    const { options, outcomes } = await opened();
    let inside = 0;
    const told = await Promise.all(
      Array.from({ length: 4 }, () =>
        visit(options, async (turn) => {
          inside += 1;
          expect(inside).toBe(1);
          expect(turn.ready).toBe(true);
          await new Promise((resolve) => setImmediate(resolve));
          inside -= 1;
          return await turn.note(taken);
        }),
      ),
    );
    expect(told).toEqual(Array.from({ length: 4 }, () => ['b', 'c']));
    expect(outcomes).toEqual(Array.from({ length: 4 }, () => taken));
  });

  it.each([1000, 1001, 4095])('is told of a file whose path has %i characters', async (length) => {
    const { options, outcomes } = await opened();
    const restored: Outcome = {
      ...{ step: 'restored' as const, path: 'p'.repeat(length), replica: 'a', takenAtMs: 1 },
      ...{ entries: 2, expired: 0 },
    };
    const told = await visit({ ...options, for: 'restore' }, (turn) => turn.note(restored));
    expect([told, outcomes]).toEqual([['b', 'c'], [restored]]);
  });

  it('waits for whoever has the slot, and has the slot free again when a visitor is gone', async () => {
    const { options, desk, outcomes } = await opened();
    const held = Promise.withResolvers<void>();
    const holding = alone(desk, () => held.promise, signal);
    let isIn = false;
    const visiting = visit(options, async () => {
      isIn = true;
      throw new Error('given up');
    });
    const failed = expect(visiting).rejects.toThrow('given up');
    await expect(visit({ ...options, waitMs: 50 }, async () => 'in')).rejects.toThrow();
    expect(isIn).toBe(false);
    held.resolve();
    await holding;
    await failed;
    expect(outcomes).toEqual([]);
    // Nobody has noted anything, and the next one is let in.
    expect(await visit(options, async () => 'in')).toBe('in');
  });

  it('is not waited for without a limit', async () => {
    const { options, desk } = await opened();
    const held = Promise.withResolvers<void>();
    const holding = alone(desk, () => held.promise, signal);
    await expect(visit({ ...options, waitMs: 50 }, async () => 'in')).rejects.toThrow('was in use');
    held.resolve();
    await holding;
    // It has left the queue.
    expect(await visit(options, async () => 'in')).toBe('in');
  });

  it('says why it lets nobody in', async () => {
    const { options } = await opened({ refuses: () => 'a snapshot is being restored' });
    await expect(visit(options, async () => 'in')).rejects.toMatchObject({
      code: 'SNAPSHOT_REFUSED',
      message: expect.stringContaining('a snapshot is being restored'),
    });
  });

  it('tells whoever is in that the sidecar ends', async () => {
    const { options, door } = await opened();
    const visiting = visit(options, async (turn) => {
      void door?.close();
      await new Promise((resolve) => turn.signal.addEventListener('abort', resolve));
      return await turn.note(taken);
    });
    expect(await visiting).toEqual([]);
  });

  it.each([
    'garbage\n',
    '{}\n',
    '{"step":"taken"}\n',
    '[[[[[[[\n',
    '{"step":"ask","for":"ruin"}\n',
    'x'.repeat(100_000),
  ])('ends the connection for what is no message: %.12s', async (text) => {
    const { path, options } = await opened();
    expect(await says(path, text)).toBe('');
    expect(await visit(options, async () => 'in')).toBe('in');
  });

  it('ends the connection of one who says nothing, and refuses more than it has room for', async () => {
    const { path, desk } = await opened();
    const held = Promise.withResolvers<void>();
    const holding = alone(desk, () => held.promise, signal);
    const silent = says(path, '');
    const ask = '{"step":"ask","for":"take"}\n';
    const asking = Array.from({ length: 5 }, () => says(path, ask));
    // One of five is told at once, and the others wait.
    expect(await Promise.race(asking)).toContain('others wait already');
    expect(await silent).toBe('');
    held.resolve();
    await holding;
  });
});

describe('those who say nothing', () => {
  it('take no place of one who asks, however many they are', async () => {
    const { path, options } = await opened();
    const strangers = Array.from({ length: 40 }, () => connect({ path }));
    let closed = 0;
    for (const each of strangers) {
      each.on('error', () => {});
      each.on('close', () => {
        closed += 1;
      });
    }
    onTestFinished(() => {
      for (const each of strangers) each.destroy();
    });
    expect(await visit(options, async () => 'in')).toBe('in');
    // The oldest have gone, so that no number of them uses up the files of this process.
    await eventually(() => closed >= 40 - 16);
  });
});

describe('a place where no door can be', () => {
  it('is said in the log, and nothing else fails', async () => {
    for (const path of [join(testFolder(), 'x'.repeat(120)), '/nowhere/door']) {
      const { door, lines } = await opened({ path });
      expect(door).toBeNull();
      expect(lines).toMatchObject([{ level: 'warn', path }]);
    }
  });

  it('is one where something else is, which stays', async () => {
    const path = join(testFolder(), 'door');
    writeFileSync(path, 'mine');
    expect((await opened({ path })).door).toBeNull();
    expect(statSync(path).isFile()).toBe(true);
    const folder = join(testFolder(), 'folder');
    mkdirSync(folder);
    expect((await opened({ path: folder })).door).toBeNull();
  });

  it('is left by a sidecar that was killed, and taken over', async () => {
    const { path } = await opened();
    const next = await opened({ path });
    expect(next.door).not.toBeNull();
    expect(await visit(next.options, (turn) => turn.note(taken))).toEqual(['b', 'c']);
    expect(next.outcomes).toEqual([taken]);
  });

  it('has nobody inside', async () => {
    const options = { path: join(testFolder(), 'none'), for: 'take', waitMs: 1000 } as const;
    await expect(visit({ ...options, signal }, async () => 'in')).rejects.toMatchObject({
      code: 'SNAPSHOT_REFUSED',
      message: expect.stringContaining('No sidecar answers'),
    });
  });
});
