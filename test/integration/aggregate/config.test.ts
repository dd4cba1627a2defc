import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { validateConfig } from '../../../src/haproxy/validate.ts';
import { withSums } from '../../../src/modules/aggregate/section/render.ts';
import { renderRelayCfg } from '../../../src/modules/relay/section/render.ts';
import { localName } from '../../../src/modules/relay/section/slots.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { relayInput } from '../../helpers/relay-input.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';

const page = readFileSync('docs/aggregate.md', 'utf8');

/** What `run --template` makes of it, in a folder of the test. */
async function check(haproxy: string, template: string, suffix = '.sum') {
  const folder = join(testFolder(), 'run');
  mkdirSync(folder, { recursive: true });
  const adminSocket = join(folder, 'admin.sock');
  const moved = template.replaceAll('/var/run/haproxy', folder);
  const { text } = renderRelayCfg({ ...relayInput(moved), adminSocket });
  const made = withSums({ ...{ text, localName, adminSocket, port: 3002, suffix } });
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, made.text);
  return await validateConfig(haproxy, file);
}

/** The rows of the recipes: what the table stores, and the condition. */
const recipes = page
  .slice(page.indexOf('## Recipes'), page.indexOf('A refused request'))
  .split('\n')
  .slice(3)
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split(' | '));

const defaults = 'defaults\n    mode http\n    timeout client 1s\n';

describe.each(haproxyVersions)('HAProxy %s', (title, haproxy) => {
  describe('takes', unless(missingOf({ [title]: haproxy })), () => {
    it('the haproxy.cfg of examples/rate-limit', async () => {
      const template = readFileSync('examples/rate-limit/haproxy.cfg', 'utf8');
      expect(await check(haproxy ?? '', template)).toEqual([]);
    });

    it('the example of the documentation', async () => {
      const [, example = ''] = /```\n(backend rate(?:.|\n)*?)```/.exec(page) ?? [];
      const bound = example.replace('frontend http\n', 'frontend http\n    bind 127.0.0.1:1\n');
      expect(await check(haproxy ?? '', defaults + bound)).toEqual([]);
    });

    it.each(recipes)('the recipe for %s', async (_, stores = '', condition = '') => {
      const code = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, each]) => each ?? '');
      const [store = '', ...counts] = code(stores);
      const [when = '', ...before] = code(condition);
      const table = (name: string) =>
        `backend ${name}\n    stick-table type ipv6 size 1k expire 30m store ${store} peers aggregate\n`;
      const template = [
        ...[defaults, 'frontend web\n', '    bind 127.0.0.1:1\n'],
        '    http-request track-sc0 src table T\n',
        ...[...counts, ...before].map(
          (line) => `    ${line.replace(/^(?!http-request)/, 'http-request ')}\n`,
        ),
        `    http-request deny if { ${when} }\n`,
        ...['T', 'T.sum', 'T.others'].map(table),
      ];
      expect(await check(haproxy ?? '', template.join(''))).toEqual([]);
    });
  });
});

it('there are recipes', () => {
  expect(recipes.length).toBeGreaterThanOrEqual(5);
});
