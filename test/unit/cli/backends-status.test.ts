import { join } from 'node:path';
import { expect, it } from 'vitest';
import { backendsStatus } from '../../../src/cli/backends-status.ts';
import { statusSchema } from '../../../src/telemetry/status-schema.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';

const folder = suiteFolder();
const told = (trouble: string | null) =>
  backendsStatus({
    ...{ name: 'lb', version: '1.2.3', startedAtMs: 7, trouble: () => trouble },
    ...{ adminSocket: join(folder, 'admin'), masterSocket: join(folder, 'master') },
    readiness: () => ({ ready: false, reasons: ['it begins'] }),
    backends: () => [{ name: 'be', service: 'web/app', servers: null, held: [] }],
  });

it('is a status as any other, with what is not known left open', async () => {
  const status = await told(null);

  expect(statusSchema.parse(status)).toEqual(status);
  expect(status).toMatchObject({
    ...{ mode: 'backends', ready: false, reasons: ['it begins'] },
    haproxy: { version: null, reloads: null },
    ...{ section: null, resync: null, peers: [], pending: null },
  });
});

it('tells all troubles, and that HAProxy does not answer', async () => {
  const { troubles } = await told('one; two');

  expect(troubles).toEqual([
    ...[expect.stringMatching(/^HAProxy does not answer: .*admin/), 'one', 'two'],
  ]);
});
