import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isElsewhere } from '../../../src/cli/elsewhere.ts';
import { commands, main, renderError } from '../../../src/cli/main.ts';
import { RemoteError, UserError } from '../../../src/errors.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';

async function cli(...argv: readonly string[]) {
  let out = '';
  let err = '';
  const exitCode = await main({
    argv,
    env: {},
    signal: new AbortController().signal,
    version: '1.2.3',
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { exitCode, out, err };
}

describe('the command line', () => {
  it('explains itself', async () => {
    expect(await cli('--version')).toEqual({ exitCode: 0, out: '1.2.3\n', err: '' });
    const help = await cli('--help');
    for (const { name, summary } of commands)
      expect(help.out).toContain(`${name.padEnd(10)}${summary}`);
    expect((await cli('run', '--help')).out).toContain('--removal-delay DURATION');
    expect((await cli('init', '-h')).out).toContain('--template STRING');
  });

  it('exits with 2 on wrong use, and touches nothing', async () => {
    expect(await cli()).toMatchObject({ exitCode: 2, out: '' });
    expect(await cli('frobnicate')).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('"frobnicate" is not a command'),
    });
    for (const first of ['--dataplane-password=hunter2', '-p=hunter2', 'hunter2 run', 'hunter2']) {
      const { exitCode, err } = await cli(first, 'run');
      expect(exitCode).toBe(2);
      expect(err).not.toContain('hunter2');
    }
    const wrong = await cli('run', '--nonsense', '--peers-port=x');
    expect(wrong.exitCode).toBe(2);
    expect(wrong.err).toContain('CONFIG_INVALID');
    expect(wrong.err).toContain('--nonsense');
    expect(wrong.err).toContain('--peers-port "x"');
    expect(wrong.err).toContain('POD_NAME');
  });
});

describe('doctor on a workstation', () => {
  const instead = 'kubectl haproxy-peers doctor POD';
  const members = join(suiteFolder(), 'members.json');
  const flags = [
    '--source=file',
    `--members-file=${members}`,
    '--pod-name=a',
    '--pod-ip=127.0.0.1',
  ];
  const here = ['--haproxy-config=/nowhere', '--admin-socket=/nowhere', '--master-socket=/nowhere'];

  it('says where it is of use, without options and with them', async () => {
    const { exitCode, err } = await cli('doctor');
    expect(exitCode).toBe(2);
    expect(err).toContain(instead);
    expect(err).toContain('doctor --help');

    writeFileSync(members, '[]');
    const { out } = await cli('doctor', ...flags, ...here);
    expect(out.trimEnd().split('\n').at(-1)).toContain(instead);
    const { out: json } = await cli('doctor', ...flags, ...here, '--json');
    expect(json).not.toContain(instead);
  });

  it('is about a pod elsewhere: not in one, nor beside a sidecar', () => {
    expect(isElsewhere({}, [])).toBe(true);
    expect(isElsewhere({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, [])).toBe(false);
    expect(isElsewhere({}, ['--source=dns'])).toBe(false);
  });
});

describe('status', () => {
  it('asks the address that the sidecar listens at', async () => {
    const { out } = await cli('status', '-o', 'json', '--listen=127.0.0.9:1');

    expect(out).toContain('no sidecar answers on 127.0.0.9:1:');
  });

  it('writes its answer alone to stdout, and hints to stderr', async () => {
    // Nobody listens there.
    const { out, err } = await cli(
      'status',
      '-o',
      'json',
      '--listen=127.0.0.1:1',
      '--config-file=/x',
    );

    expect(JSON.parse(out)).toMatchObject([{ status: null }]);
    expect(err).toContain('--config-file');
    expect(err).toContain('check this option');
  });
});

describe('renderError', () => {
  it('says what, why and what to do, with the code and without a stack', () => {
    const text = renderError(new UserError('SELF_UNKNOWN', 'no name', { hint: 'set it' }));

    expect(text).toBe('error SELF_UNKNOWN: no name\nset it\n');
  });

  it('falls back to the advice of the code', () => {
    const text = renderError(new RemoteError('RELOAD_FAILED', 'no', { retryable: false }));

    expect(text).toContain('HAProxy refused to reload');
  });

  it('keeps the stack of a defect', () => {
    expect(renderError(new TypeError('oops'))).toMatch(/error BUG: TypeError: oops\n +at /);
  });
});
