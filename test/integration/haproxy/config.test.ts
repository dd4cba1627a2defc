import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tokenize } from '../../../src/config-text/config-text.ts';
import { variablesAt } from '../../../src/config-text/variables.ts';
import { hello } from '../../../src/haproxy/hello.ts';
import { validateConfig } from '../../../src/haproxy/validate.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';
import { startHaproxyStand } from '../../rig/haproxy-stand.ts';

const versions = [
  ['of the distribution', programs.haproxy],
  ['3.0', programs.haproxy30],
  ['3.4', programs.haproxy34],
] as const;

const golden = new URL('../../golden/render/', import.meta.url);
/** They need a certificate, or `program` and a user that not every HAProxy and machine has. */
const special = ['server-style', 'replaced-tool', 'everything-there'];
const outputs = readdirSync(golden)
  .filter((file) => file.endsWith('.out.cfg'))
  .filter((file) => !special.some((name) => file.startsWith(name)));

const words = [
  'a$HOME',
  '"b$HOME"',
  '"c\\$HOME"',
  'd\\$HOME',
  '"e\\qf"',
  'g\\qh',
  'i\\x41',
  '"j\\#k\\"l"',
  "'m\\n$HOME'",
  'o#p',
  '"q${NOPE-r}"',
  `"s'$HOME"`,
  "t'u v'w\\ x",
];

/** A certificate and its key, where openssl is there to make one. */
function certificate(directory: string): string | null {
  const [key, crt, both] = ['key', 'crt', 'pem'].map((end) => join(directory, `tls.${end}`));
  try {
    const made = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=a -keyout ${key} -out ${crt}`;
    execFileSync('openssl', made.split(' '), { stdio: 'ignore' });
  } catch {
    return null;
  }
  writeFileSync(`${both}`, readFileSync(`${crt}`, 'utf8') + readFileSync(`${key}`, 'utf8'));
  return `${both}`;
}

describe.each(versions)('HAProxy %s', (name, found) => {
  const binary = found ?? '';
  describe(basename(found ?? 'haproxy'), unless(missingOf({ [`HAProxy ${name}`]: found })), () => {
    const directory = suiteFolder();

    it('reads quotes, escapes and variables as tokenize does', () => {
      const file = join(directory, 'words.cfg');
      writeFileSync(file, `global\n${words.map((word) => `  ${word}\n`).join('')}`);
      const env = { ...process.env, HOME: '/r' };

      const { stderr } = spawnSync(binary, ['-c', '-f', file], { env, encoding: 'utf8' });

      // It quotes every word that it does not know.
      const read = [...stderr.matchAll(/unknown keyword '(.*)' in 'global'/g)].map(
        ([, word]) => word,
      );
      expect(words.map((word) => tokenize(word, env)[0]?.text)).toEqual(read);
    });

    it('has the variables that global sections set, as far as variablesAt knows them', () => {
      const set = [
        'setenv A one',
        'setenv B "$A-two"',
        'presetenv A three',
        'presetenv C "${NOPE-four}"',
        'localpeer me',
        'unsetenv B',
        'setenv HOSTNAME other',
        'resetenv A HAPROXY_LOCALPEER HOME',
      ];
      const asked = ['A', 'B', 'C', 'HAPROXY_LOCALPEER', 'HOSTNAME'];
      const words = asked.map((name) => `"${name}-is-$${name}"`);
      const lines = ['global', ...['', ...set].flatMap((line) => [line, ...words])];
      const file = join(directory, 'variables.cfg');
      writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
      const env = { ...process.env, HOSTNAME: hostname(), HOME: '/r' };

      const { stderr } = spawnSync(binary, ['-c', '-f', file], { env, encoding: 'utf8' });

      const read = [...stderr.matchAll(/unknown keyword '(.*)' in 'global'/g)].map(
        ([, word]) => word,
      );
      const ours = lines.flatMap((line, at) => {
        const token = tokenize(line, variablesAt(lines, at, env))[0];
        return words.includes(line) && token !== undefined ? [token] : [];
      });
      // What is unset for us may be set for HAProxy; what we know, it knows as well.
      expect(ours.map(({ text, variable }, at) => (variable === 'set' ? text : read[at]))).toEqual(
        read,
      );
      expect(ours.filter(({ variable }) => variable === 'set').length).toBeGreaterThan(20);
    });

    it.each(outputs)('takes %s, with a peers section that is in force', async (file) => {
      const path = join(directory, file);
      // HAProxy 2.6 refuses a file without any listener; some templates have none.
      const listener = 'frontend any\n  mode http\n  timeout client 1s\n  bind 127.0.0.1:1\n';
      writeFileSync(path, `${readFileSync(new URL(file, golden), 'utf8')}\n${listener}`);

      const warnings = await validateConfig(binary, path);

      expect(warnings?.filter((text) => /incomplete section|localpeer/.test(text))).toEqual([]);
    });

    it('is never taken for one that does not run because its peers speak TLS', async (context) => {
      const pem = certificate(directory);
      if (pem === null) return context.skip('no openssl to make a certificate with');
      const stand = await startHaproxyStand({
        haproxy: binary,
        peers: [
          `bind 127.0.0.1:PORT ssl crt ${pem}`,
          'server a',
          'server b 127.0.0.1:1 ssl verify none',
        ],
      });
      const who = { address: '127.0.0.1', siblingName: 'a', ownName: 'b', timeoutMs: 3000 };

      const outcome = await hello({
        ...who,
        port: stand.peersPort,
        signal: new AbortController().signal,
      });
      await stand.stop();

      expect(outcome).not.toBe('refused');
    });
  });
});
