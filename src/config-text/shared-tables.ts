import { findSections, tokenize } from './config-text.ts';

/** How many tables are shared over the peers section, and with conditions at most. */
export function countSharedTables(lines: readonly string[], section: string): number {
  const shared = findSections(lines).flatMap((head) =>
    lines.slice(head.start + 1, head.end).filter((line) => {
      const tokens = tokenize(line);
      const keyword = tokens[0]?.text;
      if (head.keyword === 'peers') return head.name === section && keyword === 'table';
      if (keyword !== 'stick-table') return false;
      const peers = tokens[tokens.findIndex(({ text }) => text === 'peers') + 1];
      // A variable that is not known here may be ours.
      return (
        tokens.some(({ text }) => text === 'peers') &&
        (peers?.variable !== undefined || peers?.text === section)
      );
    }),
  );
  return shared.length;
}
