import type { Status } from '../telemetry/status-schema.ts';

/** One replica as it was found: its status, or why there is none. */
export interface Found {
  readonly name: string;
  readonly status: Status | null;
  readonly why?: string;
  /** Its pod is being deleted, or has ended (phase Succeeded or Failed): no answer of it is missed. */
  readonly pod?: 'leaving' | 'ended';
}
