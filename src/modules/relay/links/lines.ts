import type { Socket } from 'node:net';
import { isDuplicate } from './codes.ts';
import type { Control, Greeting, HeardControl } from './greeting.ts';
import { type Link, linkOf, type OpenLink } from './link.ts';
import type { Outcome } from './redial.ts';
import type { Report } from './report.ts';
import { createWire, type Wire, type WireEnd } from './wire.ts';

/** A connection that is made, or is to be made: what belongs to one number of the mesh. */
export interface NewLine {
  /** The other side's. */
  readonly address: string;
  /** The member's name, where we dial. */
  readonly dialled: string | undefined;
  /** Called once it is a link, or is no more. */
  readonly leave: () => void;
  /** Called when it is closed and nothing was attached to it. */
  readonly giveUp: () => void;
}

interface Line extends NewLine {
  wire?: Wire;
  greeted: boolean;
  open?: OpenLink;
}

export interface LinesOptions {
  /** `Greeting.sums` of this side. */
  readonly sums: number | undefined;
  readonly report: Report;
  readonly onLink: (link: Link) => void;
  /** Not called for what `close` ends. */
  readonly onClosed: (id: number, outcome: Outcome) => void;
  readonly onControl: (id: number, control: HeardControl) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** All connections, by the number that the mesh has given them. */
export interface Lines {
  add(id: number, line: NewLine): void;
  has(id: number): boolean;
  attach(id: number, socket: Socket): void;
  send(id: number, control: Control): void;
  /** It has greeted, or is who we dialled. */
  trust(id: number): void;
  /** It is the link: hands it out, once the one before it has ended. */
  handOut(id: number, other: Greeting, dialled: boolean): void;
  close(id: number, end: WireEnd): void;
  /** Nothing came of it, and the mesh is to know. */
  failed(id: number, end: WireEnd, outcome: Outcome): void;
  links(): readonly Link[];
  /** Every second. True: somebody may be silent, `look` again soon. */
  tick(): boolean;
  look(): boolean;
  closeAll(end: WireEnd): void;
}

export function createLines(options: LinesOptions): Lines {
  const { report, sums, onLink, onClosed, onControl, now } = options;
  const lines = new Map<number, Line>();
  /** By the name of the member: when the last link with it has ended. */
  const before = new Map<string, Promise<string>>();

  /** All that is to be done about the end of a connection, whoever ended it. */
  function remove(id: number, line: Line, end: WireEnd): void {
    const { open, wire, leave, giveUp, address, dialled, greeted } = line;
    lines.delete(id);
    leave();
    if (wire === undefined) giveUp();
    const linkedWith = open?.link.other.pod;
    report.ended({ address, dialled, greeted, linkedWith }, end);
    open?.ended(end);
  }

  function close(id: number, end: WireEnd): void {
    const line = lines.get(id);
    if (line === undefined) return;
    // A stranger gets no answer.
    const isStranger = !line.greeted && (end.code === 'no-greeting' || end.code === 'garbage');
    line.wire?.close(end, !isStranger);
    remove(id, line, end);
  }

  function failed(id: number, end: WireEnd, outcome: Outcome): void {
    const line = lines.get(id);
    if (line === undefined) return;
    remove(id, line, end);
    onClosed(id, outcome);
  }

  function trust(id: number): void {
    const line = lines.get(id);
    if (line === undefined) return;
    line.greeted = true;
    line.wire?.trust();
  }

  function handOut(id: number, other: Greeting, dialled: boolean): void {
    const line = lines.get(id);
    if (line?.wire === undefined) return;
    const { wire, address } = line;
    const { pod } = other;
    line.leave();
    const end = (why: string) => {
      if (lines.get(id) !== line) return;
      close(id, { code: 'closed', why });
      onClosed(id, { kind: 'failed' });
    };
    line.open = linkOf({ wire, sums, other, dialled, address, close: end });
    const { link } = line.open;
    report.linked({ pod, address, dialled });
    const earlier = before.get(pod);
    before.set(pod, link.closed);
    void link.closed.then(() => before.get(pod) === link.closed && before.delete(pod));
    // Who has heard of the end of the earlier one first cannot mistake the one for the other.
    if (earlier === undefined) onLink(link);
    else void earlier.then(() => wire.isOpen() && onLink(link));
  }

  function look(): boolean {
    let isDoubtful = false;
    for (const { wire } of [...lines.values()]) if (wire?.look()) isDoubtful = true;
    return isDoubtful;
  }

  return {
    has: (id) => lines.has(id),
    add(id, line) {
      lines.set(id, { ...line, greeted: false });
    },
    attach(id, socket) {
      const line = lines.get(id);
      if (line === undefined) {
        socket.destroy();
        return;
      }
      const kindOf = (code: string) => (isDuplicate(code) ? 'duplicate' : 'failed');
      const control = (heard: HeardControl) => onControl(id, heard);
      const ended = (end: WireEnd) => failed(id, end, { kind: kindOf(end.code) });
      line.wire = createWire(socket, { control, ended }, now);
    },
    send: (id, control) => lines.get(id)?.wire?.sendControl(control),
    trust,
    handOut,
    close,
    failed,
    links: () => [...lines.values()].flatMap(({ open }) => (open === undefined ? [] : [open.link])),
    tick() {
      for (const { wire } of lines.values()) wire?.ping();
      return look();
    },
    look,
    closeAll(end) {
      for (const id of lines.keys()) close(id, end);
    },
  };
}
