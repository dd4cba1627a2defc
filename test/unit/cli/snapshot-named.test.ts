import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openNamed } from '../../../src/cli/snapshot-show.ts';
import { loadConfig } from '../../../src/config/validate.ts';
import { testFolder } from '../../helpers/test-folder.ts';

it.each(['a\nb.hps', 'a\u001b[2Jb.hps', 'a\u202eb.hps'])(
  'a name that cannot be used is one line, in which nothing is obeyed: %j',
  async (name) => {
    const path = join(testFolder(), name);
    const { config } = loadConfig('snapshot', [], {});
    const thrown: unknown = await openNamed({ config }, path).catch((error: unknown) => error);
    const message = thrown instanceof Error ? thrown.message : '';
    expect(message).toContain('cannot be used');
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  },
);
