import { UserError } from '../errors.ts';
import type { PeersTlsFiles } from '../model/peers-tls.ts';
import { withAdminLevel } from './admin-socket.ts';
import { lossyLines } from './api-model.ts';
import { addToGlobal, withLocalpeer } from './global-section.ts';
import { withLessonLine } from './lesson-text.ts';
import { unreachable } from './listen.ts';
import { type MembersInput, withMembers } from './members-text.ts';
import { withOwnName } from './own-name.ts';
import { withPeersTls } from './peers-tls-text.ts';
import { refuseEntries } from './refuse-entry.ts';
import { refuseText } from './refuse-text.ts';
import { withUser } from './userlist.ts';

export interface RenderInput extends MembersInput {
  /** The user's own haproxy.cfg. */
  readonly template: string;
  readonly user: string;
  readonly userlist: string;
  /** SHA-512 crypt. Null: haproxy.cfg holds no user of the Data Plane API. */
  readonly passwordHash: string | null;
  /** For templates of the tool we replace, which hold `%TEMPLATEDPASSWORD%`. Null: there is none. */
  readonly password: string | null;
  readonly adminSocket: string;
  /** TLS between the peers, with these files. */
  readonly tls?: PeersTlsFiles | undefined;
  /** Only this program writes the file: what the Data Plane API would damage is safe. */
  readonly direct?: boolean | undefined;
  /** The section gets a line on which lessons are given and taken. */
  readonly lesson?: boolean | undefined;
}

export interface Rendered {
  readonly text: string;
  readonly warnings: readonly string[];
  /** Peers of the template that are no members: they stay for ever. */
  readonly staticPeers: readonly string[];
}

const placeholder = '%TEMPLATEDPASSWORD%';

/** Whether the tool that we replace would put a password into this template. */
export function wantsPassword(template: string): boolean {
  return template.includes(placeholder);
}

function withTls(input: RenderInput, text: string, warnings: string[]): string {
  const { tls, self, sectionName, port, env } = input;
  if (tls === undefined) return text;
  const { name: selfName, address } = self;
  return withPeersTls(text, { tls, sectionName, selfName, address, port, env }, warnings);
}

/**
 * haproxy.cfg from the user's own file: the peers section with every member, `localpeer`, an admin socket and, where it
 * is to be there, the userlist, and nothing else touched. Its output as the template gives the same output. The master socket is a
 * flag of the program (`haproxy -W -S PATH`) and cannot be set here. `AppError` PEER_REFUSED for a member that is none,
 * `UserError` CONFIG_INVALID for a section that no sibling gets to, for one that can have no line for lessons where there is to
 * be one, and for a placeholder without a password.
 */
export function renderHaproxyCfg(input: RenderInput): Rendered {
  refuseEntries([{ ...input.self, port: input.port }]);
  refuseText('name', 'peers section', input.sectionName);
  refuseText('path', 'admin socket', input.adminSocket);
  for (const file of [input.tls?.bundle, input.tls?.ca])
    if (file !== undefined) refuseText('path', 'file', file);
  if (input.tls?.verifyHost !== undefined) refuseText('name', 'host', input.tls.verifyHost);
  const warnings: string[] = [];
  const others = new Set([...input.members, ...(input.expected ?? [])].map(({ name }) => name));
  others.delete(input.self.name);
  const { template, self, sectionName, env, userlist, user, passwordHash } = input;
  const ruled = withAdminLevel(template, input.adminSocket, warnings);
  let text = withOwnName(
    ruled ?? template,
    { sectionName, selfName: self.name, others, env },
    warnings,
  );
  text = withLocalpeer(text, self.name, env, warnings);
  if (ruled === null) {
    const socket = `stats socket ${input.adminSocket} mode 660`;
    text = addToGlobal(text, `${socket} level admin expose-fd listeners`);
  }
  text = withTls(input, text, warnings);
  if (passwordHash !== null) text = withUser(text, { userlist, user, passwordHash });
  // What is left of it, after our own userlist.
  if (text.includes(placeholder)) {
    if (input.password === null)
      throw new UserError(
        'CONFIG_INVALID',
        `The template has ${placeholder}, and there is no password.`,
        {
          hint: 'Let init make it in --dataplane-password-file, or take the placeholder out of the template.',
        },
      );
    text = text.replaceAll(placeholder, input.password);
    warnings.push(
      `the template's ${placeholder} puts the password itself into haproxy.cfg: leave the userlist to init`,
    );
  }
  const listen = { sectionName, self, port: input.port, env };
  const members = withMembers(input, text);
  const problem = unreachable(members.text, listen);
  if (problem?.certain === false) warnings.push(problem.why);
  if (problem?.certain === true)
    throw new UserError('CONFIG_INVALID', `The template cannot be used: ${problem.why}.`, {
      hint: 'Give --peers-port to init and run of all replicas, or change the bind line of the section.',
    });
  const withSection =
    input.lesson === true ? { ...members, text: withLessonLine(members.text, listen) } : members;
  if (input.direct !== true)
    warnings.push(
      ...lossyLines(withSection.text).map(
        (problem) => `${problem}. Until then no peer is added or removed while HAProxy runs`,
      ),
    );
  return { ...withSection, warnings };
}
