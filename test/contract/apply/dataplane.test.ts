import { programs } from '../../helpers/programs.ts';
import { missingOf } from '../../helpers/skip.ts';
import { dataplaneApplier, humanAdds, humanSees } from '../../rig/appliers.ts';
import { startDataplane } from '../../rig/dataplane-stand.ts';
import { runApplierContract } from '../applier.case.ts';

const variants = [
  {
    title: 'data plane api v3 over haproxy 3.4',
    version: 'v3',
    dataplane: programs.dataplaneV3,
    haproxy: programs.haproxy34,
  },
  {
    title: 'data plane api v2 over haproxy 3.0',
    version: 'v2',
    dataplane: programs.dataplaneV2,
    haproxy: programs.haproxy30,
  },
  {
    title: 'data plane api v2 over the haproxy on the path',
    version: 'v2',
    dataplane: programs.dataplaneV2,
    haproxy: programs.haproxy,
  },
] as const;

for (const { title, version, dataplane, haproxy } of variants) {
  runApplierContract(title, {
    missing: missingOf({ HAProxy: haproxy, 'Data Plane API': dataplane }),
    async start(lines) {
      const stand = await startDataplane({
        version,
        dataplane: dataplane ?? '',
        haproxy: haproxy ?? '',
        peers: lines,
      });
      return {
        applier: dataplaneApplier(stand),
        outside: () => humanSees(stand),
        running: () => stand.runningNames(),
        interfere: async (entry) => {
          await humanAdds(stand, entry);
        },
        stop: () => stand.stop(),
      };
    },
  });
}
