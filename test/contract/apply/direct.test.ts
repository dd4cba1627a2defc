import { readFileSync, writeFileSync } from 'node:fs';
import { createDirectApplier } from '../../../src/apply/direct.ts';
import { editPeersSection, readPeersSection } from '../../../src/config-text/peers-text.ts';
import { createLog } from '../../../src/log.ts';
import { peersApplier } from '../../helpers/peers-applier.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf } from '../../helpers/skip.ts';
import { sectionName, startHaproxyStand } from '../../rig/haproxy-stand.ts';
import { asRecord, changes, runApplierContract } from '../applier.case.ts';

const variants = [
  ['direct, haproxy on the path', programs.haproxy],
  ['direct, haproxy 3.0', programs.haproxy30],
  ['direct, haproxy 3.4', programs.haproxy34],
] as const;

for (const [title, haproxy] of variants) {
  runApplierContract(title, {
    missing: missingOf({ HAProxy: haproxy }),
    async start(lines) {
      const stand = await startHaproxyStand({ haproxy: haproxy ?? '', peers: lines });
      const text = () => readFileSync(stand.configFile, 'utf8');
      return {
        applier: peersApplier(
          createDirectApplier({
            configFile: stand.configFile,
            masterSocket: stand.masterSocket,
            log: createLog('silent'),
            haproxyBin: haproxy ?? '',
          }),
          { sectionName, env: {} },
        ),
        outside: async () => asRecord(readPeersSection(text(), sectionName)),
        running: () => stand.runningNames(),
        interfere: async (entry) => {
          writeFileSync(
            stand.configFile,
            editPeersSection(text(), sectionName, changes({ add: [entry] })),
          );
        },
        stop: () => stand.stop(),
      };
    },
  });
}
