/** Something in haproxy.cfg that keeps sums from being what one expects. */
export interface Fault {
  /** From 1; undefined: something is not there. */
  readonly line?: number;
  /** `wrong`: sums would be wrong, or there would be none. `doubt`: they can be less than one expects. */
  readonly kind: 'wrong' | 'doubt';
  readonly why: string;
}

/** For people, with the number of the line. */
export function describeFault({ line, why }: Fault): string {
  return line === undefined ? why : `line ${line}: ${why}`;
}
