/** What is read of a request: its first line, and one header. */
export interface Request {
  readonly method: string;
  /** Without query and host. */
  readonly path: string;
  /** Behind the `?`, as it is; empty without one. */
  readonly query: string;
  readonly accept: string | undefined;
}

/** Longest head of a request; kubelet, Prometheus and `kubectl` send 100 to 500 bytes. */
export const maxHeadBytes = 8 * 1024;

/** Where the head of a request ends, behind its empty line, looked for from there on; -1 while that has not come. */
export function headEnd(text: string, from = 0): number {
  const empty = /\r?\n\r?\n/g;
  empty.lastIndex = from;
  return empty.test(text) ? empty.lastIndex : -1;
}

/** The head of a request, HTTP/1.0 or 1.1; undefined where it is none (RFC 9112, 3 and 5). */
export function parseHead(head: string): Request | undefined {
  const [first = '', ...lines] = head.split(/\r?\n/);
  const [, method, target] = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(first) ?? [];
  if (method === undefined || target === undefined) return undefined;
  // A proxy may name the whole URL.
  const [rest = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split('#');
  const [path = '', ...query] = rest.split('?');
  // No pattern with the spaces around a value: those within it would be tried again from each of them.
  const accepts = lines
    .filter((line) => /^accept:/i.test(line))
    .map((line) => line.slice('accept:'.length).trim());
  return {
    method,
    path: path === '' ? '/' : path,
    query: query.join('?'),
    accept: accepts.length === 0 ? undefined : accepts.join(', '),
  };
}
