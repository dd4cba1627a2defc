import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readRelaySection } from '../../../src/modules/relay/section/read.ts';
import { flagsOf, initFiles } from '../../helpers/init-files.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';

const template = `global
  log stderr local0
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
backend sessions
  stick-table type string len 64 size 1k store gpc0 peers haproxy-peers
`;
const key = randomBytes(32).toString('base64');

let directory: string;
let etc: string;
let files: Readonly<Record<string, string>>;

beforeEach(() => {
  directory = testFolder();
  ({ etc, flags: files } = initFiles(directory, template));
  writeFileSync(join(directory, 'key'), `${key}\n`);
});

/** Nobody can be asked who the members are: there is no API server. */
async function init(flags: Readonly<Record<string, string>> = {}, podName = 'web-0') {
  const all: Record<string, string> = {
    mode: 'relay',
    'pod-name': podName,
    'pod-uid': `uid-of-${podName}`,
    'pod-ip': '127.0.1.9',
    namespace: 'edge',
    'relay-key-file': join(directory, 'key'),
    ...files,
    ...flags,
  };
  const { exitCode, lines } = await startProgram(['init', ...flagsOf(all)]).ended;
  return { exitCode, output: lines.join('\n') };
}

const text = () => readFileSync(join(etc, 'haproxy.cfg'), 'utf8');

describe('init --mode relay', unless(missingOf({ HAProxy: programs.haproxy })), () => {
  it('writes one private file, and asks nobody', async () => {
    const { exitCode, output } = await init();

    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    expect(readdirSync(etc)).toEqual(['haproxy.cfg']);
    expect(statSync(join(etc, 'haproxy.cfg')).mode & 0o777).toBe(0o600);
    expect(readRelaySection(text(), 'haproxy-peers')).toMatchObject({
      at: { path: join(directory, 'peers.sock') },
      hasLesson: true,
      tables: 1,
    });
    expect(text()).not.toContain('userlist');
    expect(output).not.toContain(key);
  });

  it('writes the same file in every pod, and again', async () => {
    await init();
    const first = text();

    await init({}, 'web-1');

    expect(text()).toBe(first);
  });

  it('takes slots, section, port and group as they are given', async () => {
    writeFileSync(join(directory, 'template.cfg'), template.replace('haproxy-peers', 'mesh'));

    const { exitCode, output } = await init({
      'relay-slots': '5',
      'peers-section': 'mesh',
      'file-group': '0',
    });

    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    expect(readRelaySection(text(), 'mesh')?.slots).toEqual(['s1', 's2', 's3', 's4', 's5']);
    expect(statSync(join(etc, 'haproxy.cfg')).mode & 0o777).toBe(0o640);
  });

  it('is not started without a key, and says how to make one', async () => {
    const { exitCode, output } = await init({ 'relay-key-file': join(directory, 'nothing') });

    expect(exitCode).toBe(2);
    expect(output).toContain('RELAY_KEY_INVALID');
    expect(output).toContain('kubectl create secret generic haproxy-peer-sync-relay');
    expect(readdirSync(etc)).toEqual([]);
  });

  it('goes on without one where that is asked for, and says what that means', async () => {
    const { exitCode, output } = await init({
      'relay-key-file': join(directory, 'nothing'),
      'relay-plaintext': 'true',
    });

    expect(exitCode).toBe(0);
    expect(output).toContain('who reaches port 3001 can read and write every entry');
  });

  it('names every line that cannot be kept, and writes nothing', async () => {
    const bad = `${template}  http-request set-header X %[env(HAPROXY_LOCALPEER)]\npeers haproxy-peers\n  peer outside 192.0.2.1:3000\n`;
    writeFileSync(join(directory, 'template.cfg'), bad);

    const { exitCode, output } = await init();

    expect(exitCode).toBe(2);
    expect(output).toContain('line 10: HAPROXY_LOCALPEER');
    expect(output).toContain('line 12: ');
    expect(readdirSync(etc)).toEqual([]);
  });

  it('keeps the file that is there where HAProxy refuses the new one', async () => {
    await init();
    const first = text();
    writeFileSync(join(directory, 'template.cfg'), `${template}  nonsense\n`);

    const { exitCode, output } = await init();

    expect(exitCode).not.toBe(0);
    expect(output).toContain('TEMPLATE_REJECTED');
    expect(text()).toBe(first);
    expect(readdirSync(etc)).toEqual(['haproxy.cfg']);
  });
});
