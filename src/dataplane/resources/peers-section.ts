import type { ZodType } from 'zod';
import { RemoteError } from '../../errors.ts';
import type { SectionStyle } from '../../model/peers-section.ts';
import { type Caller, named } from '../caller.ts';
import { badAnswer } from '../failure.ts';
import { parseJson } from '../http.ts';
import { type FullSection, fullSectionSchema, type Line, linesSchema } from '../schema.ts';

/** Which lines: `peer` lines or `server` lines of one section, inside one transaction. */
export interface Where {
  readonly section: string;
  readonly style: SectionStyle;
  readonly transaction: string;
}

/** Peers sections and their lines, one method per call. */
export interface Sections {
  readonly lines: (where: Where, signal: AbortSignal) => Promise<readonly Line[]>;
  readonly addLine: (where: Where, line: Line, signal: AbortSignal) => Promise<void>;
  readonly putLine: (where: Where, line: Line, signal: AbortSignal) => Promise<void>;
  readonly removeLine: (where: Where, name: string, signal: AbortSignal) => Promise<void>;
  /** v3 only. */
  readonly fullSection: (where: Where, signal: AbortSignal) => Promise<FullSection>;
  readonly removeSection: (where: Where, signal: AbortSignal) => Promise<void>;
  /** With `full` (v3 only) its entries are created too. */
  readonly addSection: (
    where: Where,
    section: FullSection,
    full: boolean,
    signal: AbortSignal,
  ) => Promise<void>;
}

interface Path {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

const edit = { stage: 'edit' } as const;
const sectionPath = '/configuration/peer_section';

export function createSections({ version, call }: Caller): Sections {
  async function linePath({ section, style, transaction }: Where): Promise<Path> {
    const query = { transaction_id: transaction };
    if (style === 'peer') {
      return {
        path: '/configuration/peer_entries',
        query: { ...query, peer_section: section },
      };
    }
    return (await version()) === 'v3'
      ? { path: `/configuration/peers/${encodeURIComponent(section)}/servers`, query }
      : {
          path: '/configuration/servers',
          query: { ...query, parent_type: 'peers', parent_name: section },
        };
  }

  /** A list or a section, as `schema` has it. */
  async function get<T>(
    { path, query }: Path,
    { schema, what }: { readonly schema: ZodType<T>; readonly what: string },
    signal: AbortSignal,
  ): Promise<T> {
    const answer = await call({ ...edit, method: 'GET', path, query, expect: [200], signal });
    const parsed = schema.safeParse(parseJson(answer.text));
    if (!parsed.success) throw badAnswer('edit', `GET ${path}`, `not ${what}`);
    return parsed.data;
  }

  async function post({ path, query }: Path, json: Line | FullSection, signal: AbortSignal) {
    await call({ ...edit, method: 'POST', path, query, json, expect: [201, 202], signal });
  }

  async function remove({ path, query }: Path, signal: AbortSignal): Promise<void> {
    await call({ ...edit, method: 'DELETE', path, query, expect: [202, 204], signal });
  }

  return {
    async lines(where, signal) {
      const kind = { schema: linesSchema, what: 'a list of entries' };
      return (await get(await linePath(where), kind, signal)) ?? [];
    },

    async addLine(where, line, signal) {
      const lines = await linePath(where);
      try {
        await post(lines, line, signal);
      } catch (error) {
        if (!createdAnyway(error, where)) throw error;
      }
    },

    async putLine(where, line, signal) {
      const { path: lines, query } = await linePath(where);
      const path = named(lines, line.name);
      await call({ ...edit, method: 'PUT', path, query, json: line, expect: [200, 202], signal });
    },

    async removeLine(where, name, signal) {
      const { path, query } = await linePath(where);
      await remove({ path: named(path, name), query }, signal);
    },

    async fullSection({ section, transaction }, signal) {
      const query = { transaction_id: transaction, full_section: 'true' };
      const kind = { schema: fullSectionSchema, what: 'a peers section' };
      return get({ path: named(sectionPath, section), query }, kind, signal);
    },

    async removeSection({ section, transaction }, signal) {
      const query = { transaction_id: transaction };
      await remove({ path: named(sectionPath, section), query }, signal);
    },

    async addSection({ transaction }, section, full, signal) {
      const query = { transaction_id: transaction, ...(full ? { full_section: 'true' } : {}) };
      await post({ path: sectionPath, query }, section, signal);
    },
  };
}

/**
 * v2 creates a server line of a peers section in the transaction and then fails to find a backend of that name
 * (dataplaneapi v2.9.27 handlers/server.go): a 404 in these words is a success.
 */
function createdAnyway(error: unknown, { style, section }: Where): boolean {
  return (
    style === 'server' &&
    error instanceof RemoteError &&
    error.status === 404 &&
    error.message.endsWith(`Backend ${section} does not exist`)
  );
}
