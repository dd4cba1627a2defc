import type { Observer } from '../../engine/reporter.ts';
import { type Decision, patientCodes } from '../../model/decision.ts';

/** Whether a reload is near: one runs, or waits for something else than what may last for minutes. */
export function isReloadNear(decision: Decision): boolean {
  if (decision.kind === 'apply') return true;
  return decision.kind === 'wait' && decision.codes.some((code) => !patientCodes.has(code));
}

/** Remembers whether a reload is near, from pass to pass: one that was decided for is made before the next. */
export function watchBusy(): Observer & { isBusy(): boolean } {
  let busy = false;
  return {
    pass({ decision }) {
      busy = isReloadNear(decision);
    },
    applied() {},
    failed() {},
    ready() {},
    isBusy: () => busy,
  };
}
