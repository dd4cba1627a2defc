import type { Socket } from 'node:net';
import type { Member } from '../../../model/member.ts';
import { createDoor } from '../links/door.ts';
import { addressOf } from '../links/listen.ts';
import type { SparingLog } from '../links/sparing-log.ts';
import type { Trust } from '../links/trust.ts';
import { judgeHello } from './admission.ts';
import { hearHello, welcome } from './handshake.ts';
import type { BridgeOptions } from './options.ts';

export interface ReceptionOptions
  extends Pick<BridgeOptions, 'selfName' | 'members' | 'linked' | 'own' | 'now'> {
  readonly say: SparingLog;
  readonly trust: Trust;
  /** Stops all that is under way. */
  readonly signal: AbortSignal;
  /** HAProxy of this member wants a session; `first`: what it has said behind its hello. */
  readonly onMember: (member: Member, socket: Socket, pid: number, first: Buffer) => void;
}

/** The last that is said: who does not close then is not waited for. */
function answer(socket: Socket, status: number): void {
  socket.end(`${status}\n`, () => socket.destroySoon());
}

/** Who connects to the port that HAProxy has in reload mode, and may have a session. The others are answered as HAProxy does. */
export function createReception(options: ReceptionOptions): (socket: Socket) => Promise<void> {
  const { members, own, now, say, signal, trust } = options;
  const isMember = (address: string) => members().members.some((each) => each.address === address);
  const enter = createDoor({ now, isMember });

  function refuse(socket: Socket, address: string, why: string, status?: number | null): void {
    say(
      'warn',
      `refused ${address}`,
      { address, why },
      'a session with a pod in reload mode was refused',
    );
    if (status) answer(socket, status);
    else socket.destroy();
  }

  return async (raw) => {
    const address = addressOf(raw);
    const entry = enter(address);
    if (entry.kind === 'out') {
      raw.resetAndDestroy();
      return;
    }
    const socket = await welcome(raw, trust, signal);
    if ('kind' in socket) {
      entry.leave();
      return refuse(raw, address, socket.why);
    }
    const heard = await hearHello(socket, signal);
    entry.leave();
    if (heard.kind === 'failed') return refuse(socket, address, heard.why);
    if (heard.kind === 'refused') return refuse(socket, address, heard.why, heard.status);
    // As if HAProxy were at the port itself.
    if (own() === null) {
      socket.destroy();
      return;
    }
    // A sidecar asks whether its HAProxy would be accepted, and closes then: a worker is never process 1.
    const question = heard.pid <= 1;
    const verdict = judgeHello({
      ...{ hello: heard, selfName: options.selfName, members: members().members },
      ...{ linked: options.linked(), address: question ? undefined : address },
    });
    if (verdict.kind === 'refuse') return refuse(socket, address, verdict.why, verdict.status);
    if (question) answer(socket, 200);
    else options.onMember(verdict.member, socket, heard.pid, heard.bytes.subarray(heard.rest));
  };
}
