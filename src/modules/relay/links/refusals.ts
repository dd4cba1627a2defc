import { isRefusal } from './codes.ts';
import type { WireEnd } from './wire.ts';

/** Who is refused, or refuses us, although its key or certificate is right: for people, because it does not end by itself. */
export interface Refusals {
  /** Nothing came of a connection with this address. `dialled`: the member's name, where we dialled. */
  ended(address: string, dialled: string | undefined, end: WireEnd): void;
  /** There is a link with it. */
  linked(address: string): void;
  /** One sentence each. */
  told(): readonly string[];
  /** Names of members who have called themselves otherwise, a short time ago. */
  otherNames(): readonly string[];
}

/** A pod that is replaced may be taken for the one before, and the members may be older than it. */
const lastsMs = 10_000;
/** Longer than two attempts lie apart. */
const forgottenMs = 30_000;
const mostAddresses = 100;

export function createRefusals(now: () => number): Refusals {
  const all = new Map<
    string,
    {
      readonly text: string;
      readonly dialled: string | undefined;
      /** When it last called itself otherwise; null: it has not. */
      readonly otherwiseMs: number | null;
      readonly firstMs: number;
      readonly lastMs: number;
    }
  >();

  const recent = () => [...all.values()].filter(({ lastMs }) => now() - lastMs < forgottenMs);

  return {
    ended(address, dialled, { code, why }) {
      if (!isRefusal(code)) return;
      const nowMs = now();
      const before = all.get(address);
      const isSame = before !== undefined && nowMs - before.lastMs < forgottenMs;
      all.delete(address);
      const who = dialled === undefined ? address : `${dialled} (${address})`;
      const text = `no link with ${who}: ${why} (${code})`;
      const firstMs = isSame ? before.firstMs : nowMs;
      // Of two attempts the one of the other side does not say what we call it.
      const name = dialled ?? before?.dialled;
      const otherwiseMs = code === 'pod' ? nowMs : isSame ? before.otherwiseMs : null;
      all.set(address, { text, dialled: name, otherwiseMs, firstMs, lastMs: nowMs });
      const [oldest] = all.keys();
      if (all.size > mostAddresses && oldest !== undefined) all.delete(oldest);
    },
    linked: (address) => void all.delete(address),
    told: () =>
      recent()
        .filter(({ firstMs, lastMs }) => lastMs - firstMs >= lastsMs)
        .map(({ text }) => text),
    otherNames: () =>
      recent().flatMap(({ dialled, otherwiseMs }) =>
        // What comes to nothing for another reason meanwhile, e.g. an attempt of the other side, does not say that it is gone.
        dialled !== undefined && otherwiseMs !== null && now() - otherwiseMs < forgottenMs
          ? [dialled]
          : [],
      ),
  };
}
