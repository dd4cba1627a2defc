/** Why a file is not used. */
export type RefusalKind =
  /** It cannot be read at all. */
  | 'unreadable'
  /** It is no snapshot. */
  | 'foreign'
  /** It was written by a later version, in a format that this one does not know. */
  | 'future'
  /** Its end is missing. */
  | 'torn'
  /** It is not as it was written. */
  | 'damaged'
  /** It is encrypted, and the key is another one, or none was given. */
  | 'sealed';

export class SnapshotRefused extends Error {
  override readonly name = 'SnapshotRefused';
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, why: string, cause?: unknown) {
    super(why, { cause });
    this.kind = kind;
  }
}
