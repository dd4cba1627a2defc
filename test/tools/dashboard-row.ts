type Unit = 'short' | 's' | 'ops' | 'percentunit' | 'none';

export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: 'stat' | 'timeseries' | 'table';
  readonly unit?: Unit;
  readonly width: number;
  /** Query by legend. */
  readonly queries: Readonly<Record<string, string>>;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** `m('ready')` is the metric of the pods that are chosen on top, `m('x', 'kind="add"')` a part of it. */
export function m(name: string, more = ''): string {
  const chosen = 'namespace=~"$namespace", job=~"$job", pod=~"$pod"';
  return `haproxy_peer_sync_${name}{${chosen}${more === '' ? '' : `, ${more}`}}`;
}
