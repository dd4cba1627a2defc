import { dirname } from 'node:path';
import { findSections, splitLines, tokenize } from './config-text.ts';

export interface ContainerInput {
  /** The user that the containers of the pod run as. */
  readonly uid: number;
  /** Directories that the containers share and HAProxy may write to. */
  readonly directories: ReadonlySet<string>;
}

/** A line of a global section that is for a machine and does not work in a container. */
export interface ContainerLine {
  /** The first line is 1. */
  readonly line: number;
  readonly text: string;
  readonly why: string;
}

const owners: ReadonlySet<string> = new Set(['user', 'group', 'uid', 'gid']);

function isOwn(value: string | undefined, uid: number): boolean {
  return value === 'root' || value === '0' || value === String(uid);
}

/** The directory of the file that a line names, unless it is one that certainly exists. */
function elsewhere(path: string | undefined, { directories }: ContainerInput): string | null {
  const file = path?.replace(/^unix@/, '') ?? '';
  return !file.startsWith('/') || directories.has(dirname(file)) ? null : dirname(file);
}

function whyNot(words: readonly string[], input: ContainerInput): string | null {
  const [keyword = '', first, second, ...rest] = words;
  const { uid } = input;
  const missing = (directory: string | null, what: string) =>
    directory === null
      ? null
      : `${what} unless ${directory} exists and HAProxy may write to it: use a directory that the containers share, such as ${[...input.directories][0]}`;
  if (keyword === 'daemon')
    return 'HAProxy goes to the background and its container ends, unless it is started with -db: remove the line';
  if (owners.has(keyword) && uid !== 0 && !isOwn(first, uid))
    return `only root can be another user ("Cannot set ${/^u/.test(keyword) ? 'uid' : 'gid'}"): remove the line, the securityContext of the pod sets the user`;
  if (keyword === 'chroot' && uid !== 0)
    return 'only root can do that ("Cannot chroot"): remove the line, the container already isolates HAProxy';
  if (keyword === 'pidfile') return missing(elsewhere(first, input), 'HAProxy does not start');
  if (keyword !== 'stats' || first !== 'socket') return null;
  const owned = rest.some((word, at) => owners.has(word) && !isOwn(rest[at + 1], uid));
  if (owned && uid !== 0)
    return 'only root can give the socket to another user ("cannot change UNIX socket ownership"): remove user, group, uid and gid';
  return missing(elsewhere(second, input), 'HAProxy does not start');
}

/**
 * Lines with which HAProxy does not start, or exits, in a container like those of the examples (seen with 2.6, 3.0 and
 * 3.4 as user 65532). Whether they fail depends on that container, so they are reported and not changed.
 */
export function containerLines(text: string, input: ContainerInput): readonly ContainerLine[] {
  const lines = splitLines(text);
  return findSections(lines)
    .filter(({ keyword }) => keyword === 'global')
    .flatMap(({ start, end }) =>
      lines.slice(start + 1, end).flatMap((line, index) => {
        const why = whyNot(
          tokenize(line).map((token) => token.text),
          input,
        );
        return why === null ? [] : [{ line: start + index + 2, text: line.trim(), why }];
      }),
    );
}
