import * as z from 'zod';
import { linkCodes } from './codes.ts';

/** What a sidecar says of itself at the beginning of a connection. */
export interface Greeting {
  readonly version: 1;
  /** Name of the peers section. */
  readonly section: string;
  /** Name of the member. */
  readonly pod: string;
  /** Of the pod, as `Member.uid`. */
  readonly uid: string;
  /** Another one with each start of the sidecar. */
  readonly start: string;
  /** How many times the side that dials has done so in this run; the other side says the same number. */
  readonly attempt: number;
  /** The version of what it says of sums (`--aggregate`), in frames of their own; missing: it says nothing of them. */
  readonly sums?: number | undefined;
}

/** The number of a link among those of one run of the sidecar that gives the numbers. */
export interface Mark {
  readonly start: string;
  readonly number: number;
}

/** A greeting, and the last link with the other that is no more: missing where one is up, or none was. */
export interface Hello extends Greeting {
  readonly lost?: Mark | undefined;
}

const ownVersion: Greeting['version'] = 1;

const word = (most: number) => z.string().min(1).max(most);
const count = z.int().min(0);

/** What we do not know is one code, because the codes are counted. */
const code = word(32).transform((text) => (linkCodes.has(text) ? text : 'other'));

const helloSchema = z.object({
  version: count,
  section: word(128),
  pod: word(253),
  uid: word(128),
  start: word(64),
  attempt: count,
  sums: count.optional(),
  lost: z.object({ start: word(64), number: count }).optional(),
});

const controlSchema = z.union([
  z.object({ greeting: helloSchema }),
  z.object({ take: count }),
  z.object({ taken: count }),
  z.object({ bye: z.object({ code, why: word(300) }) }),
]);

/** As it was read: of a version that may be another one. */
export type HeardHello = z.infer<typeof helloSchema>;

/**
 * What is said on a connection besides messages: who I am; this link is taken, under that number; I have it, too; I
 * close this connection.
 */
export type Control =
  | { readonly greeting: Hello }
  | { readonly take: number }
  | { readonly taken: number }
  | { readonly bye: { readonly code: string; readonly why: string } };

export type HeardControl = z.infer<typeof controlSchema>;

/** Undefined where it is none of this version. What such a one says besides is left alone. */
export function parseControl(value: unknown): HeardControl | undefined {
  const parsed = controlSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

const otherSchema = z.object({ greeting: z.object({ version: count }) });

/** Of a greeting that `parseControl` does not take; undefined where it is none, or of ours. */
export function otherVersion(value: unknown): number | undefined {
  const parsed = otherSchema.safeParse(value);
  const version = parsed.success ? parsed.data.greeting.version : ownVersion;
  return version === ownVersion ? undefined : version;
}

/** A kind of control that this version does not have: not a wrong one of those that it has. */
export function isOfLaterKind(value: unknown): boolean {
  const ours = ['greeting', 'take', 'taken', 'bye'];
  return typeof value === 'object' && value !== null && !ours.some((kind) => kind in value);
}
