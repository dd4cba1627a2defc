import { join } from 'node:path';
import { freePort } from '../helpers/ports.ts';
import { testFolder } from '../helpers/test-folder.ts';
import { membersFile } from './members-file.ts';
import { writeRelayKey } from './relay-key.ts';
import type { Replica } from './replica.ts';
import { testReplica } from './test-replica.ts';

export interface BackendReplicaOptions {
  readonly haproxy: string;
  readonly address: string;
  /** The Data Plane API; null: haproxy.cfg is written directly. In relay mode there is none. */
  readonly dataplane?: string | null;
  readonly isRelay: boolean;
  /** Of the sidecar. */
  readonly flags: readonly string[];
  /** Lines of `be_app`. */
  readonly lines?: readonly string[];
  /** Before init. */
  readonly beforeInit?: (replica: Replica) => void;
}

/** The only replica of a set, with HAProxy and sidecar, whose `front` has `be_app` behind /app. It is not waited for until it is ready. */
export async function startBackendReplica(options: BackendReplicaOptions) {
  const { haproxy, address, dataplane = null, isRelay, flags, lines = [] } = options;
  const members = membersFile(join(testFolder(), 'members.json'));
  members.set({ name: 'a', address });
  const front = await freePort(address);
  const replica = testReplica(
    {
      ...{ haproxy, dataplane, flags, sourceFlags: members.sourceFlags },
      ...(isRelay ? { relayKey: writeRelayKey(testFolder()) } : {}),
      sections: `
frontend public
    bind ${address}:${front}
    use_backend be_app if { path_beg /app }

backend be_app
    balance roundrobin
${lines.map((line) => `    ${line}\n`).join('')}`,
    },
    'a',
    address,
  );
  options.beforeInit?.(replica);
  await replica.init();
  await replica.start();
  return { replica, front };
}
