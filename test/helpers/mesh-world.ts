import type { Member } from '../../src/model/member.ts';
import { isDuplicate } from '../../src/modules/relay/links/codes.ts';
import { type Control, parseControl } from '../../src/modules/relay/links/greeting.ts';
import { createMesh, type Mesh } from '../../src/modules/relay/links/mesh.ts';
import { membership } from './members.ts';

/** What a wire would notice where nothing comes any more, in milliseconds. */
const silenceMs = 3000;

/** One end of a connection, as its node has it. */
interface End {
  readonly node: Node;
  readonly id: number;
  open: boolean;
  up: boolean;
  /** On its way to this end. */
  readonly inbox: (Control | { readonly fin: string })[];
}

interface Wire {
  readonly number: number;
  readonly ends: readonly [End, End | undefined];
  /** From then on nothing comes through, and both notice in the end. */
  silentAtMs: number;
}

export interface Node {
  readonly name: string;
  readonly uid: string;
  run: number;
  mesh: Mesh;
  known: Set<string>;
  readonly dials: Map<number, Node>;
  /** Its API server does not answer: it learns of nobody, and keeps whom it knows. */
  isBlind: boolean;
}

/** Meshes side by side over a network that delivers in any order, loses what it likes, and has a clock of its own. */
export interface MeshWorld {
  readonly nodes: readonly Node[];
  nowMs(): number;
  /** Does one of the things that can happen now; `pick` is any number. */
  happen(pick: number): void;
  /** The API server, for all of them. */
  discovery(isThere: boolean): void;
  /** The sidecar is started anew, and the others are told by the network. */
  restart(node: Node): void;
  /** Everything is delivered in time and everybody is known to who is not blind, for so long. */
  calm(ms: number): void;
  /** `a b: 3` for each link that a node has, by the number of the connection. */
  links(): readonly string[];
  dialled(): number;
}

export function meshWorld(uids: readonly string[], random: () => number): MeshWorld {
  let nowMs = 0;
  let wires: Wire[] = [];
  let numbers = 0;
  let dialled = 0;
  const nodes: Node[] = uids.map((uid, index) => {
    const node = { name: `n${index}`, uid, run: 0, known: new Set([`n${index}`]) };
    const empty = { dials: new Map(), mesh: undefined as unknown as Mesh, isBlind: false };
    return Object.assign(node, empty);
  });

  function memberOf({ name, uid }: Node): Member {
    return { name, uid, address: `10.0.0.${name.slice(1)}`, terminating: false };
  }

  function endOf(
    node: Node,
    id: number,
  ): { wire: Wire; end: End; other: End | undefined } | undefined {
    for (const wire of wires) {
      const [first, second] = wire.ends;
      if (first.node === node && first.id === id && first.open)
        return { wire, end: first, other: second };
      if (second?.node === node && second.id === id && second.open)
        return { wire, end: second, other: first };
    }
    return undefined;
  }

  function start(node: Node): void {
    node.run += 1;
    const run = node.run;
    node.mesh = createMesh({
      own: {
        version: 1,
        section: 'peers',
        pod: node.name,
        uid: node.uid,
        start: `${node.name}-${run}`,
      },
      selfName: node.name,
      members: () => ({
        ...membership(...nodes.filter(({ name }) => node.known.has(name)).map(memberOf)),
        synced: !node.isBlind,
      }),
      now: () => nowMs,
      random,
      effects: {
        dial(id, member) {
          const to = nodes.find(({ name }) => name === member.name);
          dialled += 1;
          if (to !== undefined) node.dials.set(id, to);
        },
        send(id, control) {
          endOf(node, id)?.other?.inbox.push(control);
        },
        greeted() {},
        close(id, code) {
          node.dials.delete(id);
          const found = endOf(node, id);
          if (found === undefined) return;
          found.end.open = false;
          found.end.up = false;
          found.other?.inbox.push({ fin: code });
        },
        up(id, other) {
          const found = endOf(node, id);
          if (found === undefined) throw new Error('up, and not open');
          const twin = wires.some(({ ends }) =>
            ends.some(
              (end, index) =>
                end?.node === node && end.up && ends[1 - index]?.node.name === other.pod,
            ),
          );
          if (twin) throw new Error(`${node.name} has two links with ${other.pod}`);
          found.end.up = true;
        },
      },
    });
    node.mesh.look();
  }

  function connect(node: Node, id: number, to: Node): void {
    node.dials.delete(id);
    numbers += 1;
    const dialler: End = { node, id, open: true, up: false, inbox: [] };
    const idThere = to.mesh.accepted(memberOf(node).address);
    const acceptor: End = { node: to, id: idThere, open: true, up: false, inbox: [] };
    wires.push({
      number: numbers,
      ends: [dialler, acceptor],
      silentAtMs: Number.POSITIVE_INFINITY,
    });
    node.mesh.opened(id);
  }

  function deliver(end: End): void {
    const what = end.inbox.shift();
    if (what === undefined || !end.open) return;
    if ('fin' in what) drop(end, isDuplicate(what.fin) ? 'duplicate' : 'failed');
    else {
      const control = parseControl(JSON.parse(JSON.stringify(what)));
      if (control === undefined) throw new Error('no control');
      end.node.mesh.control(end.id, control);
    }
  }

  function drop(end: End, kind: 'duplicate' | 'failed'): void {
    if (!end.open) return;
    end.open = false;
    end.up = false;
    end.node.mesh.closed(end.id, { kind });
  }

  /** Also: who waits for something looks at the clock. */
  function setClock(ms: number): void {
    nowMs = Math.max(nowMs, ms);
    for (const { ends, silentAtMs } of wires)
      if (nowMs >= silentAtMs + silenceMs) for (const end of ends) if (end) drop(end, 'failed');
    for (const { mesh } of nodes) if (mesh.nextMs() <= nowMs) mesh.look();
    wires = wires.filter(({ ends }) => ends.some((end) => end?.open));
  }

  function nextMs(): number {
    const silences = wires.map(({ silentAtMs }) => silentAtMs + silenceMs);
    return Math.min(...nodes.map(({ mesh }) => mesh.nextMs()), ...silences);
  }

  /** A process is killed and started: its system says so to the others, or the whole node is gone and nobody does. */
  function restart(node: Node, told: boolean): void {
    for (const wire of wires) {
      const mine = wire.ends.find((end) => end?.node === node);
      const other = wire.ends.find((end) => end !== undefined && end.node !== node);
      if (mine === undefined || !mine.open) continue;
      mine.open = false;
      mine.up = false;
      if (told) other?.inbox.push({ fin: 'ended' });
      else wire.silentAtMs = Math.min(wire.silentAtMs, nowMs);
    }
    node.dials.clear();
    if (node.isBlind) node.known = new Set([node.name]);
    start(node);
  }

  function deliverable(): readonly End[] {
    return wires
      .filter(({ silentAtMs }) => silentAtMs > nowMs)
      .flatMap(({ ends }) => ends.flatMap((end) => (end && end.inbox.length > 0 ? [end] : [])));
  }

  function dials(): readonly (readonly [Node, number, Node])[] {
    return nodes.flatMap((node) => [...node.dials].map(([id, to]) => [node, id, to] as const));
  }

  function possible(): readonly (() => void)[] {
    const faults = wires.flatMap((wire) =>
      [undefined, ...wire.ends].map((end) => () => {
        wire.silentAtMs = Math.min(wire.silentAtMs, nowMs);
        if (end !== undefined) drop(end, 'failed');
      }),
    );
    const usual = [
      ...deliverable().map((end) => () => deliver(end)),
      ...dials().map(
        ([node, id, to]) =>
          () =>
            connect(node, id, to),
      ),
      ...nodes.map((node) => () => {
        const unknown = nodes.find(({ name }) => !node.known.has(name));
        if (unknown) node.known.add(unknown.name);
        node.mesh.look();
      }),
      () => setClock(Number.isFinite(nextMs()) ? nextMs() : nowMs + 100),
      () => setClock(nowMs + 20),
    ];
    const dialFaults = dials().map(([node, id]) => () => {
      node.dials.delete(id);
      node.mesh.closed(id, { kind: 'nobody-listens' });
    });
    const restarts = nodes.flatMap((node) => [
      () => restart(node, true),
      () => restart(node, false),
    ]);
    // The usual is usual.
    return [...usual, ...usual, ...usual, ...usual, ...faults, ...dialFaults, ...restarts];
  }

  for (const node of nodes) start(node);
  return {
    nodes,
    nowMs: () => nowMs,
    happen(pick) {
      const all = possible();
      all[pick % all.length]?.();
    },
    discovery(isThere) {
      for (const node of nodes) node.isBlind = !isThere;
    },
    restart: (node) => restart(node, true),
    calm(ms) {
      const endMs = nowMs + ms;
      for (const node of nodes) {
        if (!node.isBlind) for (const { name } of nodes) node.known.add(name);
        node.mesh.look();
      }
      for (let steps = 0; nowMs < endMs; steps++) {
        if (steps > 100_000) throw new Error('never comes to rest');
        const [dial] = dials();
        const [end] = deliverable();
        if (dial !== undefined) connect(...dial);
        else if (end !== undefined) deliver(end);
        else setClock(Math.min(endMs, Math.max(nextMs(), nowMs + 1)));
      }
    },
    links: () =>
      wires
        .flatMap(({ number, ends }) =>
          ends.flatMap((end, index) =>
            end?.up ? [`${end.node.name} ${ends[1 - index]?.node.name}: ${number}`] : [],
          ),
        )
        .toSorted(),
    dialled: () => dialled,
  };
}
