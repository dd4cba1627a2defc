import { lineEnd } from '../../../config-text/config-text.ts';
import { epochTable, sumsPeer, sumsSection } from '../../../config-text/sums-section.ts';
import { UserError } from '../../../errors.ts';
import { formatAddress } from '../../relay/section/address.ts';
import { listenWhere } from '../../relay/section/where.ts';
import { examineSums } from './examine.ts';
import { describeFault } from './fault.ts';

export interface SumsInput {
  /** haproxy.cfg, with everything else that `init` puts in. */
  readonly text: string;
  /** What HAProxy calls itself there. */
  readonly localName: string;
  readonly adminSocket: string;
  /** Of the loopback, where HAProxy cannot be reached over a unix socket. */
  readonly port: number;
  readonly suffix: string;
}

function sectionLines(input: SumsInput, warnings: string[]): readonly string[] {
  const { text, adminSocket, port, localName } = input;
  const { at, why } = listenWhere(text, { adminSocket, port, socket: 'agg.sock' });
  if (why !== null) warnings.push(why);
  const address = formatAddress(at);
  return [
    `peers ${sumsSection}`,
    '    # Nobody but the sidecar connects here.',
    `    bind ${address}${'path' in at ? ' mode 600' : ''}`,
    `    server ${localName}`,
    `    server ${sumsPeer} ${address}`,
  ];
}

/**
 * haproxy.cfg with the section and the table of epochs where they are missing. `UserError` AGGREGATE_INVALID lists all that would make sums
 * wrong; warnings say what can make them less than one expects.
 */
export function withSums(input: SumsInput): {
  readonly text: string;
  readonly warnings: readonly string[];
} {
  const { suffix } = input;
  const newline = lineEnd(input.text);
  const warnings: string[] = [];
  let { text } = input;
  function add(lines: readonly string[]): void {
    const gap = text.endsWith('\n') ? '' : newline;
    text += `${gap}${newline}${lines.map((line) => line + newline).join('')}`;
  }
  if (examineSums(text, { suffix }).section === null) add(sectionLines(input, warnings));
  const hasEpochs = /^[ \t]*backend[ \t]+["']?agg\.epoch\b/m.test(text);
  if (!hasEpochs)
    add([
      `backend ${epochTable}`,
      `    stick-table type string len 64 size 16 store gpt0 peers ${sumsSection}`,
    ]);
  const { faults } = examineSums(text, { suffix });
  const wrong = faults.filter(({ kind }) => kind === 'wrong');
  if (wrong.length > 0)
    throw new UserError(
      'AGGREGATE_INVALID',
      `The template cannot be used with --aggregate:\n${wrong.map((fault) => `  - ${describeFault(fault)}`).join('\n')}`,
    );
  return { text, warnings: [...warnings, ...faults.map(describeFault)] };
}
