import type { Variables } from '../../config-text/config-text.ts';
import { splitLines } from '../../config-text/config-text.ts';
import { mentionsTls } from '../../config-text/lesson-text.ts';
import { readPeersSection } from '../../config-text/peers-text.ts';
import { countSharedTables } from '../../config-text/shared-tables.ts';

/** The place of HAProxy's peer line for lessons, as `modules/relay/legs` opens it. */
export interface LessonLeg {
  readonly kind: 'leg';
  readonly at: { readonly host: string; readonly port: number };
  /** The `localpeer` of HAProxy. */
  readonly local: string;
  readonly slot: string;
  /** How many stick tables are shared over the section, and with conditions at most. */
  readonly tables: number;
}

export type LessonPlace = LessonLeg | { readonly kind: 'none'; readonly why: string };

export interface LessonPlaceOptions {
  readonly sectionName: string;
  /** Of this peer: its line, and HAProxy's localpeer. */
  readonly selfName: string;
  readonly env: Variables;
}

/** Where lessons are given and taken with the section in this text of haproxy.cfg, or why nowhere. */
export function lessonPlaceOf(text: string, options: LessonPlaceOptions): LessonPlace {
  const { sectionName, selfName, env } = options;
  const { exists, lesson } = readPeersSection(text, sectionName, env);
  const none = (why: string) => ({ kind: 'none', why }) as const;
  if (!exists) return none(`there is no peers section ${sectionName}`);
  if (lesson === undefined)
    return none(
      `section ${sectionName} has no line for lessons: give init --lessons, too, which writes it`,
    );
  if (mentionsTls(text, sectionName))
    return none(`section ${sectionName} speaks TLS, and lessons do not`);
  return {
    kind: 'leg',
    at: { host: lesson.address, port: lesson.port },
    local: selfName,
    slot: lesson.name,
    tables: countSharedTables(splitLines(text), sectionName),
  };
}
