import { RemoteError } from '../errors.ts';

/** Throws `SECTION_UNMODELLED` when a write would lose or break what `what` holds. */
export function refuseObstacles(
  what: string,
  { obstacles }: { readonly obstacles: readonly string[] },
): void {
  if (obstacles.length === 0) return;
  throw new RemoteError('SECTION_UNMODELLED', `${what} is left alone: ${obstacles.join('; ')}`, {
    retryable: false,
    stage: 'read',
  });
}
