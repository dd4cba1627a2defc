import type { Observer } from './reporter.ts';

/** Passes every call to all observers, in the given order. */
export function fanOut(...observers: readonly Observer[]): Observer {
  return {
    pass(report) {
      for (const observer of observers) observer.pass(report);
    },
    applied(applied, ms, made) {
      for (const observer of observers) observer.applied(applied, ms, made);
    },
    failed(code, reason) {
      for (const observer of observers) observer.failed(code, reason);
    },
    ready() {
      for (const observer of observers) observer.ready();
    },
    unready() {
      for (const observer of observers) observer.unready?.();
    },
  };
}
