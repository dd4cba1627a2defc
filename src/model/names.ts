/** No name of Kubernetes is longer (DNS subdomain, RFC 1123). */
const longest = 253;

const dnsName = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/**
 * A DNS subdomain (RFC 1123), as the names of all pods, nodes and hosts are. Names from a source are validated with
 * it, because the API server does not check all of them: `targetRef.name` of an EndpointSlice may be any text.
 */
export function isDnsName(text: string): boolean {
  return text.length <= longest && dnsName.test(text);
}

/** What HAProxy takes for the name of a section or peer (`invalid_char`, src/tools.c, 2.4 to 3.4). */
export function isHaproxyName(text: string): boolean {
  return /^[A-Za-z0-9_.:-]+$/.test(text);
}

/** Nothing that a shell, socat, YAML, a URL or HAProxy reads as more than a character of a path. */
export function isPlainPath(text: string): boolean {
  return /^[A-Za-z0-9_.+=@~/-]+$/.test(text);
}

/** External text in quotes for a log, a note or a terminal: visible ASCII, at most about 60 characters. */
export function quoted(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return `"${short.replace(
    /[^ !#-[\]-~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )}"`;
}
