import * as z from 'zod';
import { type View, viewSchema } from '../relay/pairing/view.ts';

/** What two sidecars in reload mode tell each other of their HAProxy. Null: it does not answer, or is about to be reloaded. */
const schema = z.object({ type: z.literal('haproxy'), view: viewSchema.nullable() });

export function writeView(view: View | null): unknown {
  return { type: 'haproxy', view };
}

/** Undefined: the message is about something else, or of a later version. */
export function readView(message: unknown): View | null | undefined {
  const read = schema.safeParse(message);
  return read.success ? read.data.view : undefined;
}

/** What the greeting of a link says in place of the peers section: sidecars in relay mode keep to themselves. */
export function lessonsSection(section: string): string {
  return `lessons of ${section}`;
}
