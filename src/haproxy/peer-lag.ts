/**
 * By peer: updates of this replica that were not sent to it yet, over all tables of the section, from `show peers`
 * (2.4 to 3.4). A table counts its own updates in `localupdate`, and a peer has been sent those up to its `last_pushed`
 * (haproxy src/peers.c, peer_send_msgs; seen with 2.6 and 3.4: with a peer that was stopped the buffers of the kernel took
 * 112,000 of 672,000 updates, and `last_pushed` stood still). What the peer confirms, `update`, is of no use: in 3.4 it
 * holds numbers of another count after a resync (1140852120 of 1500 was seen). Peers without a live session are left
 * out: they are taught when they come.
 */
export function parseLag(text: string, section: string): ReadonlyMap<string, number> {
  const lag = new Map<string, number>();
  let inside = false;
  let peer: string | null = null;
  let pushed: number | null = null;
  for (const line of text.split('\n')) {
    const head = /^0x[0-9a-f]+: .*\bid=(\S+)/.exec(line)?.[1];
    if (head !== undefined) {
      inside = head === section;
      peer = null;
    }
    if (!inside) continue;
    if (/^ {2}0x[0-9a-f]+: id=/.test(line)) {
      peer = connectedPeer(line);
      pushed = null;
      if (peer !== null) lag.set(peer, 0);
    }
    if (peer === null) continue;
    const sent = /^ {14}last_acked=.*\blast_pushed=(\d+)/.exec(line)?.[1];
    if (sent !== undefined) pushed = Number(sent);
    const local = /^ {14}table:.*\blocalupdate=(\d+)/.exec(line)?.[1];
    if (local === undefined || pushed === null) continue;
    // Counters of 32 bits that wrap: the difference is taken as HAProxy takes it.
    lag.set(peer, (lag.get(peer) ?? 0) + Math.max(0, (Number(local) - pushed) | 0));
    pushed = null;
  }
  return lag;
}

function connectedPeer(line: string): string | null {
  const match = /id=(\S+?)\(remote,active\).* (?:last_)?status=ESTA\b/.exec(line);
  return match?.[1] ?? null;
}
