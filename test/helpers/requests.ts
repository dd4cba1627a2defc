import type { ModuleRequest } from '../../src/engine/module.ts';

/** A request of a module that is called `wish`. */
export function wants(
  via: ModuleRequest['via'],
  reason: string,
  part: Partial<ModuleRequest> = {},
): ModuleRequest {
  const request = { module: 'wish', urgency: 'burst', sinceMs: 0, edits: [] } as const;
  return { ...request, via, reasons: [reason], ...part };
}
