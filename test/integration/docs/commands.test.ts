import { execFile, execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, execsOf, pages } from '../../helpers/doc-commands.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { ownNetwork } from '../../rig/network.ts';
import { createPair, type Pair } from '../../rig/pair.ts';

const haproxy = programs.haproxy34 ?? programs.haproxy30 ?? programs.haproxy;

function socat(): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v socat'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/** What the docs send to the sockets of HAProxy, by page. What a TLS set-up alone has is left to its end-to-end test. */
const scripts = pages().flatMap((path) =>
  blocksOf(path)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => execsOf(text))
    .filter(({ container, argv }) => container === 'haproxy' && argv[0] === 'sh')
    .map(({ argv }) => [path, argv[2] ?? ''] as const)
    .filter(([, script]) => script.includes('.sock') && !script.includes('ssl cert')),
);

describe(
  'commands of the docs to the sockets of HAProxy',
  unless(missingOf({ HAProxy: haproxy, socat: socat() })),
  () => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await createPair(haproxy ?? '', ownNetwork());
    });
    afterAll(() => pair?.close());

    /** In place of the container's sockets those of a replica. */
    function run(script: string): Promise<string> {
      const here = script
        .replaceAll('/var/run/haproxy/admin.sock', pair.writer.adminSocket)
        .replaceAll('/var/run/haproxy/master.sock', pair.writer.masterSocket);
      return new Promise((resolve, reject) => {
        execFile('sh', ['-c', here], { timeout: 20_000 }, (error, out, err) =>
          error === null ? resolve(out) : reject(new Error(`${here}: ${err}`, { cause: error })),
        );
      });
    }

    it.each(scripts)('%s: %s', async (_, script) => {
      const said = await run(script);

      expect(said).not.toMatch(/Unknown command|Permission denied|No such/);
      if (!script.includes('/dev/null')) expect(said.trim()).not.toBe('');
    });

    it('fill the table of the quick start on both replicas', async () => {
      const [, fill = ''] = scripts.find(([path]) => path === 'docs/quick-start.md') ?? [];

      await run(fill);

      await eventually(async () => (await pair.reader.entries()) >= 10_000, { timeoutMs: 20_000 });
    });
  },
);
