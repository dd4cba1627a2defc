import { createDataplaneApplier } from '../../../src/apply/dataplane.ts';
import { createLog } from '../../../src/log.ts';
import { noChanges } from '../../../src/model/changes.ts';
import { peersSectionOwner } from '../../../src/modules/peers/owner.ts';
import { addressOf } from '../../helpers/dataplane-address.ts';
import { peersApplier } from '../../helpers/peers-applier.ts';
import { sectionName } from '../../rig/haproxy-stand.ts';

/** A process that applies one change, to be killed in the middle: ADDRESS PASSWORD_FILE STATE_DIRECTORY. */
const [address = '', passwordFile = '', stateDirectory = ''] = process.argv.slice(2);
const section = { sectionName, env: {} };
const inner = createDataplaneApplier({
  address: addressOf(address),
  user: 'admin',
  passwordFile,
  owners: [peersSectionOwner(section)],
  log: createLog('silent'),
  timeoutMs: 5_000,
  commitTimeoutMs: 60_000,
  stateDirectory,
});
const applier = peersApplier(inner, section);
const { signal } = new AbortController();
const add = [{ name: 'b', address: '127.0.0.2', port: 1001 }];
await applier.apply(await applier.read(signal), { ...noChanges, add }, signal);
