/** What a connected peer may not have of the updates of this replica, over all tables of the section: see PeerState. */
export interface PeerLag {
  readonly behind: number;
  readonly unconfirmed: number;
  readonly updates: number;
}

const nothing: PeerLag = { behind: 0, unconfirmed: 0, updates: 0 };

/** Flag of a peer that is still learning from this replica, until it confirms: PEER_F_TEACH_PROCESS, 2.4 to 3.4. */
const teachProcess = 0x1;

/**
 * By peer, from `show peers` (2.4 to 3.4). A table counts its own updates in `localupdate`, a peer has been sent those up
 * to its `last_pushed` (haproxy src/peers.c, peer_send_msgs), and has confirmed those up to `update`. What is sent may
 * wait in the buffers of the kernel (with a peer that was stopped they took 112,000 of 672,000 updates, on 2.6 and 3.4),
 * so only what is confirmed has arrived. But `update` is a wrong number after each batch of more than one update, since
 * the receiver swaps the bytes of a number it has counted itself (peer_treat_updatemsg; 1140852120 for 1500 was seen),
 * until the next single one puts it right. A session that begins with such a number is sent everything anew:
 * `last_pushed` is half a circle away then (init_connected_peer). A peer that learns from this replica lacks everything,
 * until it has confirmed the end. `used` is by table the number of its entries, more than which cannot be outstanding.
 * Right after 4,294,967,296 updates of one worker the counter has begun anew, and tells too few of them for a moment.
 * Peers without a live session are left out: they are taught when they come.
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
  let taught = false;
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
      taught = false;
      if (peer !== null) lag.set(peer, nothing);
    }
    if (peer === null) continue;
    const flags = /^ {8}flags=0x([0-9a-f]+)/.exec(line)?.[1];
    if (flags !== undefined) taught = (Number.parseInt(flags, 16) & teachProcess) !== 0;
    const sent = /^ {14}last_acked=.*\blast_pushed=(\d+).*\bupdate=(\d+)/.exec(line);
    if (sent !== null) counters = { pushed: Number(sent[1]), confirmed: Number(sent[2]) };
    const table = /^ {14}table:.* id=(\S+).*\blocalupdate=(\d+)/.exec(line);
    if (table === null || counters === null) continue;
    const before = lag.get(peer) ?? nothing;
    const own = lagOf(counters, Number(table[2]), used.get(table[1] ?? ''), taught);
    lag.set(peer, {
      behind: before.behind + own.behind,
      unconfirmed: before.unconfirmed + own.unconfirmed,
      updates: before.updates + own.updates,
    });
    counters = null;
  }
  return lag;
}

function lagOf(
  { pushed, confirmed }: { readonly pushed: number; readonly confirmed: number },
  local: number,
  used: number | undefined,
  taught: boolean,
): PeerLag {
  // What it has already is not told, and its counters are those of the lesson.
  const all = used ?? local;
  if (taught) return { behind: all, unconfirmed: all, updates: all };
  const updates = Math.min(local, all);
  const ahead = distance(pushed, local);
  return {
    behind: ahead <= 2 ** 31 ? Math.min(updates, ahead) : 0,
    unconfirmed: Math.min(updates, distance(confirmed, local)),
    updates,
  };
}

/** Counters of 32 bits that wrap. */
function distance(counter: number, local: number): number {
  return (local - counter) >>> 0;
}

function connectedPeer(line: string): string | null {
  const match = /id=(\S+?)\(remote,active\).* (?:last_)?status=ESTA\b/.exec(line);
  return match?.[1] ?? null;
}
