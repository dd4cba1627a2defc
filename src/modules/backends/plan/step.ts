/** What a command does to a server. */
export type StepKind =
  | 'add'
  | 'check'
  | 'address'
  | 'weight'
  | 'enable'
  | 'maintain'
  | 'close'
  | 'delete';

/** One command of the admin socket. */
export interface Step {
  readonly kind: StepKind;
  readonly server: string;
  readonly line: string;
  /** For log and test. */
  readonly why: string;
}

/** What HAProxy made of a command: `later` asks for nothing but time. */
export type Outcome =
  | { readonly kind: 'done' | 'later' }
  | { readonly kind: 'refused'; readonly why: string };

const done = { kind: 'done' } as const;

/** The reply to a command, as 2.6, 3.0 and 3.4 give it; undefined: none came, so the worker is asked what it has. */
export function outcomeOf({ kind }: Pick<Step, 'kind'>, reply: string | undefined): Outcome {
  if (reply === undefined) return { kind: 'later' };
  const lines = reply.split('\n').filter((line) => line !== '');
  const refused = { kind: 'refused', why: lines.join(' ').slice(0, 300) } as const;
  switch (kind) {
    case 'add':
      return lines.some((line) => line === 'New server registered.') ? done : refused;
    case 'delete':
      if (lines.some((line) => line === 'Server deleted.')) return done;
      return /connection|session/i.test(reply) ? { kind: 'later' } : refused;
    case 'address':
      return /^(IP|no need|port changed|nothing changed)/.test(reply) ? done : refused;
    case 'check':
    case 'weight':
    case 'enable':
    case 'maintain':
    case 'close':
      return lines.length === 0 ? done : refused;
  }
}
