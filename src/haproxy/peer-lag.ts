/** What a connected peer may not have of the updates of this replica, over all tables of the section. */
export interface PeerLag {
  /** Not sent yet. */
  readonly unsent: number;
  /** Not confirmed: not sent, on the way, or confirmed in a way that HAProxy does not show. */
  readonly unconfirmed: number;
}

/**
 * By peer, from `show peers` (2.4 to 3.4). A table counts its own updates in `localupdate`, a peer has been sent those up to
 * its `last_pushed` (haproxy src/peers.c, peer_send_msgs), and has confirmed those up to `update`. What is sent may wait in the
 * buffers of the kernel (with a peer that was stopped they took 112,000 of 672,000 updates, on 2.6 and 3.4), so only what is
 * confirmed has arrived. But `update` is a wrong number after each batch of more than one update, since the receiver
 * swaps the bytes of a number it has counted itself (peer_treat_updatemsg; 1140852120 for 1500 was seen), until the next
 * single one puts it right. A session that begins with
 * such a number is sent everything anew: `last_pushed` is half a circle away then (init_connected_peer).
 * `used` is by table the number of its entries, more than which cannot be outstanding. Peers without a live session are left
 * out: they are taught when they come.
 */
export function parseLag(
  text: string,
  section: string,
  used: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, PeerLag> {
  const lag = new Map<string, PeerLag>();
  let inside = false;
  let peer: string | null = null;
  let counters: { readonly pushed: number; readonly confirmed: number } | null = null;
  for (const line of text.split('\n')) {
    const head = /^0x[0-9a-f]+: .*\bid=(\S+)/.exec(line)?.[1];
    if (head !== undefined) {
      inside = head === section;
      peer = null;
    }
    if (!inside) continue;
    if (/^ {2}0x[0-9a-f]+: id=/.test(line)) {
      peer = connectedPeer(line);
      counters = null;
      if (peer !== null) lag.set(peer, { unsent: 0, unconfirmed: 0 });
    }
    if (peer === null) continue;
    const sent = /^ {14}last_acked=.*\blast_pushed=(\d+).*\bupdate=(\d+)/.exec(line);
    if (sent !== null) counters = { pushed: Number(sent[1]), confirmed: Number(sent[2]) };
    const table = /^ {14}table:.* id=(\S+).*\blocalupdate=(\d+)/.exec(line);
    if (table === null || counters === null) continue;
    const local = Number(table[2]);
    const most = Math.min(local, used.get(table[1] ?? '') ?? local);
    const before = lag.get(peer) ?? { unsent: 0, unconfirmed: 0 };
    lag.set(peer, {
      unsent: before.unsent + Math.min(most, unsentOf(counters.pushed, local)),
      unconfirmed: before.unconfirmed + Math.min(most, distance(counters.confirmed, local)),
    });
    counters = null;
  }
  return lag;
}

/** Counters of 32 bits that wrap. */
function distance(counter: number, local: number): number {
  return (local - counter) >>> 0;
}

/** Whoever is being taught has been sent more than this replica has written. */
function unsentOf(pushed: number, local: number): number {
  const ahead = distance(pushed, local);
  return ahead <= 2 ** 31 ? ahead : 0;
}

function connectedPeer(line: string): string | null {
  const match = /id=(\S+?)\(remote,active\).* (?:last_)?status=ESTA\b/.exec(line);
  return match?.[1] ?? null;
}
