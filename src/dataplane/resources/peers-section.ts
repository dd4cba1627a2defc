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

const sectionPath = '/configuration/peer_section';

export function createSections({ version, call }: Caller): Sections {
  async function linePath({ section, style, transaction }: Where) {
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

  return {
    async lines(where, signal) {
      const { path, query } = await linePath(where);
      const answer = await call({
        stage: 'edit',
        method: 'GET',
        path,
        query,
        expect: [200],
        signal,
      });
      const parsed = linesSchema.safeParse(parseJson(answer.text));
      if (!parsed.success) throw badAnswer('edit', `GET ${path}`, 'not a list of entries');
      return parsed.data ?? [];
    },

    async addLine(where, line, signal) {
      const { path, query } = await linePath(where);
      try {
        await call({
          stage: 'edit',
          method: 'POST',
          path,
          query,
          json: line,
          expect: [201, 202],
          signal,
        });
      } catch (error) {
        if (!createdAnyway(error, where)) throw error;
      }
    },

    async putLine(where, line, signal) {
      const { path, query } = await linePath(where);
      await call({
        stage: 'edit',
        method: 'PUT',
        path: named(path, line.name),
        query,
        json: line,
        expect: [200, 202],
        signal,
      });
    },

    async removeLine(where, name, signal) {
      const { path, query } = await linePath(where);
      await call({
        stage: 'edit',
        method: 'DELETE',
        path: named(path, name),
        query,
        expect: [202, 204],
        signal,
      });
    },

    async fullSection({ section, transaction }, signal) {
      const path = named(sectionPath, section);
      const query = { transaction_id: transaction, full_section: 'true' };
      const answer = await call({
        stage: 'edit',
        method: 'GET',
        path,
        query,
        expect: [200],
        signal,
      });
      const parsed = fullSectionSchema.safeParse(parseJson(answer.text));
      if (!parsed.success) throw badAnswer('edit', `GET ${path}`, 'not a peers section');
      return parsed.data;
    },

    async removeSection({ section, transaction }, signal) {
      await call({
        stage: 'edit',
        method: 'DELETE',
        path: named(sectionPath, section),
        query: { transaction_id: transaction },
        expect: [202, 204],
        signal,
      });
    },

    async addSection({ transaction }, section, full, signal) {
      await call({
        stage: 'edit',
        method: 'POST',
        path: sectionPath,
        query: { transaction_id: transaction, ...(full ? { full_section: 'true' } : {}) },
        json: section,
        expect: [201, 202],
        signal,
      });
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
