import type { PeersSection } from '../../../src/model/peers-section.ts';
import { section } from '../../helpers/members.ts';
import { memoryOf, optionsOf, peersApplier } from '../../helpers/peers-applier.ts';
import { asRecord, changes, entry, runApplierContract } from '../applier.case.ts';

runApplierContract('memory', {
  async start(lines) {
    const began = parse(lines);
    const applier = peersApplier(memoryOf(began), optionsOf(began));
    const signal = new AbortController().signal;
    return {
      applier,
      outside: async () => asRecord(await applier.read(signal)),
      interfere: async (other) => {
        await applier.apply(await applier.read(signal), changes({ add: [other] }), signal);
      },
      async stop() {},
    };
  },
});

function parse(lines: readonly string[] | null): PeersSection {
  if (lines === null) return section([], { exists: false });
  return section(
    lines.map((line) => {
      const [, name, where] = line.split(' ');
      const [address, port] = (where ?? '').split(':');
      return entry(name ?? '', address ?? '', port === 'PORT' ? 3000 : Number(port));
    }),
  );
}
