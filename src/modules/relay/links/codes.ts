/** Why a greeting is not accepted. */
export const refusalCodes = [
  'version',
  'section',
  'self',
  'own-uid',
  'own-name',
  'pod',
  'unknown',
  'uid',
  'address',
  'claimed',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

/** Why one of several connections with another sidecar is not, or no longer, the link. */
export const choiceCodes = [
  /** The sidecar on the other side was started anew. */
  'restarted',
  /** The side that dials has given this connection up. */
  'superseded',
  /** Another connection is the link. */
  'duplicate',
  /** The other side had lost this link, and we had not noticed. */
  'lost',
  /** The side that decides has taken another one. */
  'replaced',
  /** Taken, but after a newer one. */
  'late',
] as const;
export type ChoiceCode = (typeof choiceCodes)[number];

/** Why a connection ends by what discovery says, or because nothing comes. */
export const meshCodes = [
  'gone',
  'moved',
  'successor',
  'timeout',
  'no-greeting',
  'no-answer',
  'no-offer',
] as const;

/** Why a connection ends by what happens on it; `closed`: by whom it was given to. */
export const wireCodes = [
  'silent',
  'ended',
  'broken',
  'garbage',
  'overrun',
  'closed',
  'stopped',
  /** The other side, a newer version, has said why in a word that we do not know. */
  'other',
] as const;

/** Why nothing came of dialling, besides what the other side says. */
export const dialCodes = [
  'nobody-listens',
  'key',
  'certificate',
  'no-key',
  'broken',
  'timeout',
] as const;

/** Why a connection is turned away at once. */
export const doorCodes = ['crowded', 'too-many', 'too-often'] as const;
export type DoorCode = (typeof doorCodes)[number];

/** Why the mesh closes a connection. */
export type CloseCode = RefusalCode | ChoiceCode | (typeof meshCodes)[number] | 'garbage';

/** Every code of the counters. */
export const linkCodes: ReadonlySet<string> = new Set([
  ...refusalCodes,
  ...choiceCodes,
  ...meshCodes,
  ...wireCodes,
  ...dialCodes,
  ...doorCodes,
]);

const duplicateCodes: ReadonlySet<string> = new Set([
  'superseded',
  'duplicate',
  'replaced',
  'late',
] satisfies ChoiceCode[]);

/** Another connection is the link, or is to be. */
export function isDuplicate(code: string): boolean {
  return duplicateCodes.has(code);
}

const refusals: ReadonlySet<string> = new Set(refusalCodes);

export function isRefusal(code: string): boolean {
  return refusals.has(code);
}
