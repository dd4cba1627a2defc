import type { Log } from '../../log.ts';
import type { LeftOut } from '../../model/membership.ts';
import { applicationOf } from '../application.ts';
import { listed } from '../choose-members.ts';
import { workloadOf } from '../workload.ts';
import type { Found } from './scope-finder.ts';

/** Names of pods: replicas of the same workload, and others of the same application. */
export type Outside = Pick<LeftOut, 'replicas' | 'alike'>;

export const nobodyOutside: Outside = { replicas: [], alike: [] };

/** Up to 2,000 pods may be left out. */
const namesInLog = 20;

export type LeftOutReport = (found: Found, selector: string, outside: Outside) => void;

/** Logs which pods the selector leaves out, once for each set of them. */
export function createLeftOutReport(log: Log): LeftOutReport {
  let said = JSON.stringify(nobodyOutside);

  return ({ origin, own }, selector, outside) => {
    const { replicas, alike } = outside;
    const text = JSON.stringify(outside);
    if (text === said) return;
    said = text;
    const workload = workloadOf(own.labels, own.owner);
    if (replicas.length > 0) {
      const hint =
        'Give --selector labels that all replicas have, old and new: those of the spec.selector of the owner.';
      const pods = replicas.slice(0, namesInLog);
      const count = replicas.length;
      const fields = { code: 'SIBLINGS_LEFT_OUT', pods, count, selector, workload, hint };
      log.warn(fields, 'running replicas of the same workload are left out: they share nothing');
    }
    if (alike.length > 0) {
      const application = Object.fromEntries(applicationOf(own.labels));
      const pods = alike.slice(0, namesInLog);
      const count = alike.length;
      const fields = { code: 'LOOKALIKES_LEFT_OUT', pods, count, selector, application, origin };
      log.warn(fields, 'pods that look like replicas are not peers: they share nothing');
    }
    if (replicas.length + alike.length === 0) log.info({ selector }, 'no pod is left out any more');
  };
}

/** The same for /status and the log of a wait. */
export function leftOutNotes({ replicas, alike }: Outside, selector: string): readonly string[] {
  return [
    ...(replicas.length === 0
      ? []
      : [`the selector ${selector} leaves out running replicas: ${listed(replicas)}`]),
    ...(alike.length === 0
      ? []
      : [`the selector ${selector} leaves out pods that look like replicas: ${listed(alike)}`]),
  ];
}
