import { findSections, splitLines, tokenize } from '../../../config-text/config-text.ts';
import { wantsPassword } from '../../../config-text/render.ts';

const variable = 'HAPROXY_LOCALPEER';

/** The line without its comment. */
function said(line: string): string {
  return line.slice(0, tokenize(line).at(-1)?.end ?? 0);
}

/** A line of the template that relay mode cannot keep. */
export interface Problem {
  /** From 0. */
  readonly index: number;
  readonly why: string;
}

/** In the order of the file, for people. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems
    .toSorted((a, b) => a.index - b.index)
    .map(({ index, why }) => `  - line ${index + 1}: ${why}`)
    .join('\n');
}

/**
 * Lines that would mean something else in relay mode. HAPROXY_LOCALPEER is the name of the pod where HAProxys talk to
 * each other; here it is `self` on all of them. As the name of a peer it may stay.
 */
export function refusedLines(template: string): readonly Problem[] {
  const lines = splitLines(template);
  const inPeers = new Set(
    findSections(lines)
      .filter(({ keyword }) => keyword === 'peers')
      .flatMap(({ start, end }) => Array.from({ length: end - start }, (_, at) => start + at)),
  );
  return lines.flatMap((line, index) => {
    const [keyword, name] = tokenize(line);
    const isPeer = inPeers.has(index) && /^(peer|server)$/.test(keyword?.text ?? '');
    const text = isPeer ? said(line).slice(name?.end ?? 0) : said(line);
    const reasons = [
      ...(text.includes(variable)
        ? [
            `${variable} is "self" in every pod: write HOSTNAME, which is the name of the pod, or a variable of your own`,
          ]
        : []),
      ...(wantsPassword(text)
        ? ['there is no Data Plane API, and no password to put in: remove its userlist']
        : []),
    ];
    return reasons.map((why) => ({ index, why }));
  });
}
