import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyStore, sharedKeys } from '../../../../../src/modules/relay/start/key-secret.ts';

const makeKey = () => randomBytes(32).toString('base64');

/** One Secret that several pods see; each call takes its turn when the test says so. */
function sharedSecret(text: string | undefined | null) {
  let held = text;
  const waiting: (() => void)[] = [];
  const turn = () => new Promise<void>((resolve) => waiting.push(resolve));
  const store: KeyStore = {
    async read() {
      await turn();
      return held;
    },
    async create(next) {
      await turn();
      if (held !== null) return false;
      held = next;
      return true;
    },
  };
  async function play(order: readonly number[]): Promise<void> {
    for (let at = 0; at < 1000; at++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (waiting.length === 0) return;
      waiting.splice((order[at % order.length] ?? 0) % waiting.length, 1)[0]?.();
    }
  }
  return { store, play, held: () => held };
}

describe('the keys of a Secret', () => {
  it('are the same for all pods that come at once, in whatever order they are served, and one has made them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 24 }),
        async (pods, order) => {
          const { store, play, held } = sharedSecret(null);
          const all = Array.from({ length: pods }, () => sharedKeys(store, 'relay', makeKey));
          await play(order);
          const got = await Promise.all(all);
          expect(new Set(got.map(({ text }) => text))).toEqual(new Set([held()]));
          expect(got.filter(({ isNew }) => isNew)).toHaveLength(1);
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    ['no key', undefined, 'it has no entry "key"'],
    ['an empty one', '\n', 'it holds no key'],
    ['a short one', 'short-and-secret', 'line 1 has 16 characters'],
  ])('are refused and left alone where there is %s, and are not quoted', async (_, text, why) => {
    const { store, play, held } = sharedSecret(text);
    const outcome = sharedKeys(store, 'relay', makeKey).catch((error: unknown) => error);
    await play([0]);
    expect(await outcome).toMatchObject({
      code: 'RELAY_KEY_INVALID',
      message: expect.stringContaining(why),
    });
    expect(String(await outcome)).not.toContain('short-and-secret');
    expect(held()).toBe(text);
  });

  it('are given up where the Secret is neither there nor can be created', async () => {
    let asked = 0;
    const store: KeyStore = {
      async read() {
        asked += 1;
        return null;
      },
      create: async () => false,
    };
    await expect(sharedKeys(store, 'relay', makeKey)).rejects.toMatchObject({
      code: 'KUBERNETES_BAD_ANSWER',
    });
    expect(asked).toBe(3);
  });
});
