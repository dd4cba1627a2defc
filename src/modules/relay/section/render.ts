import { withAdminLevel } from '../../../config-text/admin-socket.ts';
import { splitLines } from '../../../config-text/config-text.ts';
import { addToGlobal, withLocalpeer } from '../../../config-text/global-section.ts';
import { peerLines } from '../../../config-text/own-name.ts';
import { refuseText } from '../../../config-text/refuse-text.ts';
import { UserError } from '../../../errors.ts';
import { formatAddress, type HaproxyAddress } from './address.ts';
import { type EditInput, editOtherSections, editSection } from './edit.ts';
import { remark } from './peers-lines.ts';
import { describeProblems, refusedLines } from './refused-lines.ts';
import { lessonSlot, localName, slotNames } from './slots.ts';
import { listenWhere } from './where.ts';

/** `template` is the user's own haproxy.cfg, `env` what HAProxy would begin to expand names with. */
export interface RelayInput extends EditInput {
  /** How many other replicas there may be. */
  readonly slots: number;
  readonly adminSocket: string;
  /** Of the loopback, where HAProxy cannot be reached over a unix socket. */
  readonly port: number;
}

export interface RelayRendered {
  readonly text: string;
  readonly warnings: readonly string[];
}

/** The lines of the section that are ours. All lead to HAProxy itself, which therefore connects to nobody. */
function ownLines({ slots }: RelayInput, at: HaproxyAddress): readonly string[] {
  const address = formatAddress(at);
  return [
    remark,
    `bind ${address}${'path' in at ? ' mode 600' : ''}`,
    `server ${localName}`,
    ...[...slotNames(slots), lessonSlot].map((name) => `server ${name} ${address}`),
  ];
}

/**
 * haproxy.cfg of relay mode from the user's own file, the same in every pod: `localpeer self`, an admin socket, and a
 * peers section whose lines all lead to HAProxy itself; every other line byte for byte. Its output as the template gives
 * the same output. `UserError` CONFIG_INVALID lists every line that cannot be kept.
 */
export function renderRelayCfg(input: RelayInput): RelayRendered {
  const { template, sectionName, adminSocket, env } = input;
  refuseText('name', 'peers section', sectionName);
  refuseText('path', 'admin socket', adminSocket);
  const others = new Set([...slotNames(999), lessonSlot]);
  const entries = peerLines(template, { sectionName, selfName: localName, others, env });
  const { at, why } = listenWhere(template, input);
  const warnings: string[] = why === null ? [] : [why];
  const ruled = withAdminLevel(template, adminSocket, warnings);
  const problems = [...refusedLines(template)];
  const edit = { lines: [...splitLines(ruled ?? template)], problems };
  editOtherSections(entries, input, edit);
  editSection(entries, ownLines(input, at), input, edit);
  if (problems.length > 0)
    throw new UserError(
      'CONFIG_INVALID',
      `The template cannot be used in relay mode:\n${describeProblems(problems)}`,
      { hint: 'Change these lines of --template.' },
    );
  const edited = edit.lines.filter((line) => line !== null).join('');
  const sameEverywhere = 'in relay mode it is the same in every pod';
  let text = withLocalpeer(edited, localName, env, warnings, sameEverywhere);
  if (ruled === null)
    text = addToGlobal(
      text,
      `stats socket ${adminSocket} mode 660 level admin expose-fd listeners`,
    );
  return { text, warnings };
}
