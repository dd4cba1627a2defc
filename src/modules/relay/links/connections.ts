import type { Member } from '../../../model/member.ts';
import { type Connection, waits } from './connection.ts';
import type { HeardHello } from './greeting.ts';

/**
 * Dials that are under way. A process that has little of a CPU must not begin more handshakes than it can end in time: all
 * of them would be given up, and begun again.
 */
const mostDials = 8;

/** All connections of a mesh, by their number. */
export interface Connections extends ReadonlyMap<number, Connection> {
  /** From or to this address; with a member: it is to be dialled. */
  open(address: string, member?: Member): Connection;
  delete(id: number): boolean;
  /** The greetings of those that are accepted, with their connections. */
  greeted(): readonly { readonly connection: Connection; readonly hello: HeardHello }[];
  /** How many more may be dialled at the same time. */
  free(): number;
  /** With whom there is a connection, or soon will be. Who only says so is none of them. */
  busy(): ReadonlySet<string>;
}

export function createConnections(now: () => number): Connections {
  const all = new Map<number, Connection>();
  let lastId = 0;
  let attempts = 0;

  function greeted() {
    return [...all.values()].flatMap((connection) => {
      const { hello, phase } = connection;
      const accepted = phase === 'greeted' || phase === 'up';
      return hello !== undefined && accepted ? [{ connection, hello }] : [];
    });
  }

  return Object.assign(all, {
    open(address: string, member?: Member) {
      lastId += 1;
      if (member !== undefined) attempts += 1;
      const connection: Connection = {
        ...{ id: lastId, address, dialled: member?.name, attempt: member ? attempts : 0 },
        ...{ phase: 'opening', deadlineMs: now() + waits.greeting },
      };
      all.set(lastId, connection);
      return connection;
    },
    greeted,
    free() {
      const dials = [...all.values()].filter((each) => each.phase === 'opening' && each.dialled);
      return mostDials - dials.length;
    },
    busy() {
      const dialled = [...all.values()].flatMap((each) => each.dialled ?? []);
      return new Set([...dialled, ...greeted().map(({ hello }) => hello.pod)]);
    },
  });
}
