import type { ModuleRequest } from '../../src/engine/module.ts';
import type { Request } from '../../src/model/request.ts';

/** A request of a module that is called `wish`. */
export function wants(
  via: Request['via'],
  reason: string,
  part: Partial<Omit<ModuleRequest, 'via'>> = {},
): Request & ModuleRequest {
  const request = { module: 'wish', urgency: 'burst', sinceMs: 0, edits: [] } as const;
  return { ...request, via, reasons: [reason], ...part };
}
