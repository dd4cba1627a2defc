import { dirname } from 'node:path';
import { splitLines, tokenize } from './config-text.ts';
import type { ContainerInput, ContainerLine } from './container-lines.ts';

/** A socket in the file system, as a target of `log` (haproxy src/tools.c, str2sa_range). */
const socket = /^(?:(?:dgram|stream)\+)?(?:(?:unix|uxdg|uxst)@)?(?<path>\/.*)$/;

/**
 * `log` lines whose socket no container of the pod has, unless somebody mounts it: HAProxy starts, tells so in one alert ("failed
 * in logger"), and nothing is logged there (seen with 2.6, 3.0 and 3.4).
 */
export function lostLogs(
  text: string,
  { directories }: Pick<ContainerInput, 'directories'>,
): readonly ContainerLine[] {
  return splitLines(text).flatMap((line, index) => {
    const [keyword, target] = tokenize(line).map((token) => token.text);
    const path = keyword === 'log' ? socket.exec(target ?? '')?.groups?.path : undefined;
    if (path === undefined || directories.has(dirname(path))) return [];
    const why = `a container has no ${path}, unless the pod mounts it, and what is logged there is lost: take log stdout format raw local0`;
    return [{ line: index + 1, text: line.trim(), why }];
  });
}
