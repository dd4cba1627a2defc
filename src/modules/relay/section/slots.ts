/** What every HAProxy is called in relay mode, in every pod: only its own sidecar talks to it. */
export const localName = 'self';

/** The slot on which the sidecar plays a sibling that has nothing to teach, or has all of it. */
export const lessonSlot = 'lesson';

/** `s1` to `sN`, each for one other replica at a time. */
export function slotNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `s${index + 1}`);
}

/** Whether a name is one of a slot, of however many. */
export function isSlot(name: string): boolean {
  return /^s[1-9]\d{0,2}$/.test(name);
}
