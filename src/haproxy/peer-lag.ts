/**
 * By peer: updates of this replica that the peer has not confirmed yet, over all tables of the section, from
 * `show peers` (2.4 to 3.4). A table counts its own updates in `localupdate`; `update` of a peer is the last one that
 * the peer has confirmed (haproxy src/peers.c, peer_treat_ackmsg; seen with 2.6, 3.0 and 3.4: it stands still while the
 * peer is stopped, whereas `last_pushed` goes on). Peers without a live session are left out: they are taught when they come.
 */
export function parseLag(text: string, section: string): ReadonlyMap<string, number> {
  const lag = new Map<string, number>();
  let inside = false;
  let peer: string | null = null;
  let confirmed: number | null = null;
  for (const line of text.split('\n')) {
    const head = /^0x[0-9a-f]+: .*\bid=(\S+)/.exec(line)?.[1];
    if (head !== undefined) {
      inside = head === section;
      peer = null;
    }
    if (!inside) continue;
    if (/^ {2}0x[0-9a-f]+: id=/.test(line)) {
      peer = connectedPeer(line);
      confirmed = null;
      if (peer !== null) lag.set(peer, 0);
    }
    if (peer === null) continue;
    const update = /^ {14}last_acked=.*\bupdate=(\d+)/.exec(line)?.[1];
    if (update !== undefined) confirmed = Number(update);
    const local = /^ {14}table:.*\blocalupdate=(\d+)/.exec(line)?.[1];
    if (local === undefined || confirmed === null) continue;
    // Counters of 32 bits that wrap: the difference is taken as HAProxy takes it.
    lag.set(peer, (lag.get(peer) ?? 0) + Math.max(0, (Number(local) - confirmed) | 0));
    confirmed = null;
  }
  return lag;
}

function connectedPeer(line: string): string | null {
  const match = /id=(\S+?)\(remote,active\).* (?:last_)?status=ESTA\b/.exec(line);
  return match?.[1] ?? null;
}
