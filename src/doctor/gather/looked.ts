import { AppError, errorMessage } from '../../errors.ts';
import type { Looked } from '../facts.ts';

/** Time limit for each program that is asked, in milliseconds. */
export const answerMs = 5000;

/** The value that was read, or the error. */
export async function looked<T>(look: () => Promise<T>): Promise<Looked<T>> {
  try {
    return { ok: true, value: await look() };
  } catch (error) {
    const why = errorMessage(error);
    return error instanceof AppError
      ? { ok: false, why, code: error.code, hint: error.hint }
      : { ok: false, why };
  }
}
