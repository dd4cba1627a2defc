import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../../../src/config/validate.ts';
import type { SidecarConfig } from '../../../../../src/config/values.ts';
import { hashPassword, userlistLines } from '../../../../../src/config-text/userlist.ts';
import {
  readCredentials,
  userlistFile,
} from '../../../../../src/modules/peers/join/credentials.ts';
import { testFolder } from '../../../../helpers/test-folder.ts';

const plain = 'global\n';
const wanting = 'userlist u\n  user admin insecure-password %TEMPLATEDPASSWORD%\n';
const password = 'a-password-of-some-length';

function setUp(...flags: readonly string[]): SidecarConfig {
  const folder = testFolder();
  const all = [
    ...['--source=dns', '--dns=peers', `--haproxy-config=${join(folder, 'haproxy.cfg')}`],
    ...[`--dataplane-password-file=${join(folder, 'password')}`, ...flags],
  ];
  return loadConfig('run', all, { HOSTNAME: 'a', POD_NAME: 'a', POD_IP: '10.0.0.1' }).config;
}

function withPassword(config: SidecarConfig, text = `${password}\n`): SidecarConfig {
  writeFileSync(config.dataplanePasswordFile, text);
  return config;
}

/** As init leaves it. */
function hashKept(config: SidecarConfig): string {
  const passwordHash = hashPassword(password);
  const { dataplaneUserlist: userlist, dataplaneUser: user } = config;
  mkdirSync(dirname(userlistFile(config)), { recursive: true });
  writeFileSync(
    userlistFile(config),
    `${userlistLines({ userlist, user, passwordHash }).join('\n')}\n`,
  );
  return passwordHash;
}

describe('the credentials that run renders with', () => {
  it.each([
    ['the user is in a file of its own', []],
    ['nobody has a user', ['--applier=direct']],
  ])('are none, and no file is read, where %s', async (_, flags) => {
    const none = { password: null, passwordHash: null };

    expect(await readCredentials(setUp(...flags), plain)).toEqual(none);
  });

  it('are the password alone where the template wants it and no user is in haproxy.cfg', async () => {
    const config = withPassword(setUp('--applier=direct'));

    expect(await readCredentials(config, wanting)).toEqual({ password, passwordHash: null });
  });

  it('have the hash that is there, each time', async () => {
    const config = withPassword(setUp('--userlist-in-config'));
    const passwordHash = hashKept(config);

    expect(await readCredentials(config, plain)).toEqual({ password, passwordHash });
    expect(await readCredentials(config, plain)).toEqual({ password, passwordHash });
  });

  it.each([
    ['missing', undefined],
    ['empty', '\n'],
  ])('say that the password is %s, and are there once it is', async (_, text) => {
    const config = setUp();
    if (text !== undefined) withPassword(config, text);

    await expect(readCredentials(config, wanting)).rejects.toMatchObject({
      code: 'FILE_READ_FAILED',
      message: expect.stringContaining(config.dataplanePasswordFile),
    });
    rmSync(config.dataplanePasswordFile, { force: true });
    withPassword(config);
    expect((await readCredentials(config, wanting)).password).toBe(password);
  });
});
