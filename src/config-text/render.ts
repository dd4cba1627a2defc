import { UserError } from '../errors.ts';
import { noChanges } from '../model/changes.ts';
import type { Member, Self } from '../model/member.ts';
import type { PeerEntry } from '../model/peers-section.ts';
import type { PeersTlsFiles } from '../model/peers-tls.ts';
import { withAdminLevel } from './admin-socket.ts';
import { lossyLines } from './api-model.ts';
import {
  blockDepths,
  findSection,
  findSections,
  lineEnd,
  splitLines,
  tokenize,
  type Variables,
} from './config-text.ts';
import { unreachable } from './listen.ts';
import { withOwnName } from './own-name.ts';
import { editPeersSection, readPeersSection } from './peers-text.ts';
import { withPeersTls } from './peers-tls-text.ts';
import { refuseEntries } from './refuse-entry.ts';
import { refuseText } from './refuse-text.ts';
import { userlistLines } from './userlist.ts';
import { variablesIn } from './variables.ts';

export interface RenderInput {
  /** The user's own haproxy.cfg. */
  readonly template: string;
  readonly self: Self;
  /** Every member, this pod included or not. */
  readonly members: readonly Member[];
  /** Peers that may come: declared where neither a member nor the template has the name. */
  readonly expected?: readonly PeerEntry[];
  readonly sectionName: string;
  readonly port: number;
  readonly user: string;
  readonly userlist: string;
  /** SHA-512 crypt. Null: haproxy.cfg holds no user of the Data Plane API. */
  readonly passwordHash: string | null;
  /** For templates of the tool we replace, which hold `%TEMPLATEDPASSWORD%`. Null: there is none. */
  readonly password: string | null;
  readonly adminSocket: string;
  readonly env: Variables;
  /** TLS between the peers, with these files. */
  readonly tls?: PeersTlsFiles | undefined;
  /** Only this program writes the file: what the Data Plane API would damage is safe. */
  readonly direct?: boolean | undefined;
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

/** Whether there is a userlist of that name: with one in the template, the user is kept there. */
export function hasUserlist(template: string, name: string): boolean {
  return findSection(splitLines(template), 'userlist', name) !== undefined;
}

/** The section that `head` names with these lines, in place of the one that is there, or at the end. */
function putSection(text: string, head: string, body: readonly string[]): string {
  const newline = lineEnd(text);
  const lines = splitLines(text);
  const [keyword = '', name] = head.split(' ');
  const section = findSection(lines, keyword, name);
  const rendered = [head, ...body].map((line) => line + newline);
  if (section === undefined) {
    const gap = text === '' || text.endsWith('\n') ? '' : newline;
    return text + gap + newline + rendered.join('');
  }
  return [...lines.slice(0, section.start), ...rendered, ...lines.slice(section.end)].join('');
}

/**
 * The first global section with `line` added at its end. Where there is none, or only below a peers section, which
 * needs `localpeer` above itself, one is made at the top: HAProxy takes several.
 */
function addToGlobal(text: string, line: string): string {
  const newline = lineEnd(text);
  const lines = [...splitLines(text)];
  const section = findSection(lines, 'global');
  const peers = findSection(lines, 'peers');
  if (section === undefined || (peers !== undefined && peers.start < section.start)) {
    return `global${newline}    ${line}${newline}${newline}${text}`;
  }
  const last = lines[section.end - 1] ?? '';
  if (!last.endsWith('\n')) lines[section.end - 1] = last + newline;
  lines.splice(section.end, 0, `    ${line}${newline}`);
  return lines.join('');
}

/** Indexes of the lines of all global sections. */
function globalLines(lines: readonly string[]): readonly number[] {
  return findSections(lines)
    .filter(({ keyword }) => keyword === 'global')
    .flatMap(({ start, end }) =>
      Array.from({ length: end - start - 1 }, (_, index) => start + 1 + index),
    );
}

function withLocalpeer(text: string, name: string, env: Variables, warnings: string[]): string {
  const lines = [...splitLines(text)];
  const firstPeers = findSection(lines, 'peers')?.start ?? lines.length;
  const variablesAt = variablesIn([...lines], env);
  const depths = blockDepths(lines);
  let effective = false;
  for (const index of globalLines(lines)) {
    const line = lines[index] ?? '';
    const [keyword, value] = tokenize(line, variablesAt(index));
    if (keyword?.text !== 'localpeer' || value === undefined) continue;
    // HAProxy ignores it below a peers section, and where a condition says so.
    effective ||= index < firstPeers && depths[index] === 0;
    if (value.text === name) continue;
    warnings.push(
      `localpeer ${value.text} of the template is replaced with ${name}: peers know each other by pod name`,
    );
    lines[index] = line.slice(0, value.start) + name + line.slice(value.end);
  }
  const named = lines.join('');
  return effective ? named : addToGlobal(named, `localpeer ${name}`);
}

function withUser({ userlist, user, passwordHash }: RenderInput, text: string): string {
  if (passwordHash === null) return text;
  const [head = '', ...body] = userlistLines({ userlist, user, passwordHash });
  return putSection(text, head, body);
}

function withTls(input: RenderInput, text: string, warnings: string[]): string {
  const { tls, self, sectionName, port, env } = input;
  if (tls === undefined) return text;
  const { name: selfName, address } = self;
  return withPeersTls(text, { tls, sectionName, selfName, address, port, env }, warnings);
}

function withPeers(
  input: RenderInput,
  text: string,
): { text: string; staticPeers: readonly string[] } {
  const { self, members, sectionName, port, env } = input;
  const actual = readPeersSection(text, sectionName, env);
  const wanted = [self, ...members.filter((member) => member.name !== self.name)];
  const names = new Set(wanted.map((member) => member.name));
  const addressless = actual.entries.some(
    (entry) => entry.name === self.name && entry.address === '',
  );
  const entries: PeerEntry[] = wanted
    .filter((member) => !(addressless && member.name === self.name))
    .map(({ name, address }) =>
      name === self.name && binds(text, sectionName)
        ? { name, address: '', port: 0 }
        : { name, address, port },
    );
  const present = new Set(actual.entries.map((entry) => entry.name));
  const expected = (input.expected ?? []).filter((entry) => !names.has(entry.name));
  const changes = {
    ...noChanges,
    create: !actual.exists,
    add: [...entries, ...expected].filter((entry) => !present.has(entry.name)),
    update: entries.filter((entry) => present.has(entry.name)),
  };
  const staticPeers = actual.entries
    .filter((entry) => !names.has(entry.name))
    .map((entry) => entry.name);
  return {
    text: editPeersSection(text, sectionName, changes, env),
    staticPeers,
  };
}

/** Whether the section listens on a `bind` line: its local server then has no address. */
function binds(text: string, sectionName: string): boolean {
  const lines = splitLines(text);
  const section = findSection(lines, 'peers', sectionName);
  return lines
    .slice((section?.start ?? 0) + 1, section?.end ?? 0)
    .some((line) => tokenize(line)[0]?.text === 'bind');
}

/**
 * haproxy.cfg from the user's own file: the peers section with every member, `localpeer`, an admin socket and, where it
 * is to be there, the userlist, and nothing else touched. Its output as the template gives the same output. The master socket is a
 * flag of the program (`haproxy -W -S PATH`) and cannot be set here. `AppError` PEER_REFUSED for a member that is none,
 * `UserError` CONFIG_INVALID for a section that no sibling gets to.
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
  const { template, self, sectionName, env } = input;
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
  text = withUser(input, text);
  // What is left of it, after our own userlist.
  if (input.password !== null && text.includes(placeholder)) {
    text = text.replaceAll(placeholder, input.password);
    warnings.push(
      `the template's ${placeholder} puts the password itself into haproxy.cfg: leave the userlist to init`,
    );
  }
  const withSection = withPeers(input, text);
  const problem = unreachable(withSection.text, { sectionName, self, port: input.port, env });
  if (problem?.certain === false) warnings.push(problem.why);
  if (problem?.certain === true)
    throw new UserError('CONFIG_INVALID', `The template cannot be used: ${problem.why}.`, {
      hint: 'Give --peers-port to init and run of all replicas, or change the bind line of the section.',
    });
  if (input.direct !== true)
    warnings.push(
      ...lossyLines(withSection.text).map(
        (problem) => `${problem}. Until then no peer is added or removed while HAProxy runs`,
      ),
    );
  return { ...withSection, warnings };
}

/** The password hash of `user` in the userlist `name`, if there is one. */
export function findHash(text: string, name: string, user: string): string | null {
  const lines = splitLines(text);
  const section = findSection(lines, 'userlist', name);
  for (const line of section === undefined ? [] : lines.slice(section.start + 1, section.end)) {
    const words = tokenize(line).map((token) => token.text);
    if (words[0] === 'user' && words[1] === user && words[2] === 'password')
      return words[3] ?? null;
  }
  return null;
}
