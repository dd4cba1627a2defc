import type { DoorCode } from './codes.ts';

/** Of connections that have not become links. */
export interface DoorLimits {
  /** From one address. */
  readonly ofOneAddress: number;
  /** From all addresses that are no members. */
  readonly ofStrangers: number;
  /** New ones from strangers within one second. */
  readonly strangersPerSecond: number;
}

export const doorLimits: DoorLimits = { ofOneAddress: 8, ofStrangers: 32, strangersPerSecond: 50 };

export type Admission =
  /** Call `leave` once it is a link, or is closed. */
  { readonly kind: 'in'; leave(): void } | { readonly kind: 'out'; readonly code: DoorCode };

export interface DoorOptions {
  readonly now: () => number;
  readonly isMember: (address: string) => boolean;
  readonly limits?: DoorLimits;
}

/** Counts who has connected and is not a link yet: however many strangers come, members are let in. */
export function createDoor({
  now,
  isMember,
  limits = doorLimits,
}: DoorOptions): (address: string) => Admission {
  const inside = new Map<string, number>();
  let strangers = 0;
  let second = 0;
  let inThisSecond = 0;

  function strange(): 'too-often' | 'too-many' | undefined {
    const current = Math.floor(now() / 1000);
    if (current !== second) inThisSecond = 0;
    second = current;
    if (inThisSecond >= limits.strangersPerSecond) return 'too-often';
    inThisSecond += 1;
    return strangers >= limits.ofStrangers ? 'too-many' : undefined;
  }

  return (address) => {
    const before = inside.get(address) ?? 0;
    if (before >= limits.ofOneAddress) return { kind: 'out', code: 'crowded' };
    const known = isMember(address);
    const code = known ? undefined : strange();
    if (code !== undefined) return { kind: 'out', code };
    inside.set(address, before + 1);
    if (!known) strangers += 1;
    let left = false;
    return {
      kind: 'in',
      leave() {
        if (left) return;
        left = true;
        if (!known) strangers -= 1;
        const rest = (inside.get(address) ?? 1) - 1;
        if (rest === 0) inside.delete(address);
        else inside.set(address, rest);
      },
    };
  };
}
