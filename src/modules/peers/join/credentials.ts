import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SidecarConfig } from '../../../config/values.ts';
import { wantsPassword } from '../../../config-text/render.ts';
import {
  findHash,
  hashPassword,
  hasUserlist,
  userlistLines,
  verifyPassword,
} from '../../../config-text/userlist.ts';
import { AppError } from '../../../errors.ts';
import { type FileAccess, readText, writeFileAtomic } from '../../../files/files.ts';
import type { Log } from '../../../log.ts';
import { ensurePassword } from './password.ts';

/** What a template is rendered with. */
export interface Credentials {
  /** Null: no password is needed, and there is no file with one. */
  readonly password: string | null;
  /** Null: the user is not in haproxy.cfg. */
  readonly passwordHash: string | null;
}

/** Where the Data Plane API finds its user, when that is not in haproxy.cfg. */
export function userlistFile({ haproxyConfig }: Pick<SidecarConfig, 'haproxyConfig'>): string {
  return `${dirname(haproxyConfig)}/dataplaneapi/users.cfg`;
}

/**
 * Whether the Data Plane API's user belongs in haproxy.cfg: HAProxy 3.4 measures each hash there when it reads the file,
 * and warns of those that are slow, as a good hash is.
 */
export function isUserInConfig(config: SidecarConfig, template: string): boolean {
  if (config.applier === 'direct') return false;
  return config.userlistInConfig || hasUserlist(template, config.dataplaneUserlist);
}

/** The hash that is there already, when it is one of this password: a second run then changes nothing. */
async function keptHash(config: SidecarConfig, password: string): Promise<string> {
  for (const file of [userlistFile(config), config.haproxyConfig]) {
    const present = await readText(file).catch(() => '');
    const hash = findHash(present, config.dataplaneUserlist, config.dataplaneUser);
    if (hash !== null && verifyPassword(password, hash)) return hash;
  }
  return hashPassword(password);
}

const noCredentials: Credentials = { password: null, passwordHash: null };

/**
 * What init has made, for `run`, which makes none: as far as `template` needs it. The hash is that of a user in haproxy.cfg.
 * `AppError` FILE_READ_FAILED where the password is needed and cannot be read.
 */
export async function readCredentials(
  config: SidecarConfig,
  template: string,
): Promise<Credentials> {
  const isInConfig = isUserInConfig(config, template);
  if (!isInConfig && !wantsPassword(template)) return noCredentials;
  const { dataplanePasswordFile: path } = config;
  const password = (await readText(path)).trim();
  if (password === '')
    throw new AppError('FILE_READ_FAILED', `${path} cannot be used: it is empty`);
  return { password, passwordHash: isInConfig ? await keptHash(config, password) : null };
}

/** Makes password and userlist, as far as they are needed, or keeps those that are there. */
export async function ensureCredentials(
  config: SidecarConfig,
  template: string,
  access: FileAccess,
  log: Log,
): Promise<Credentials> {
  if (config.applier === 'direct' && !wantsPassword(template)) return noCredentials;
  const { password, made } = await ensurePassword(config.dataplanePasswordFile, access);
  log.info(
    { passwordFile: config.dataplanePasswordFile, made },
    made ? 'password made' : 'password kept',
  );
  if (config.applier === 'direct') return { password, passwordHash: null };
  const passwordHash = await keptHash(config, password);
  const file = userlistFile(config);
  if (isUserInConfig(config, template)) {
    await rm(file, { force: true });
    return { password, passwordHash };
  }
  const { dataplaneUserlist: userlist, dataplaneUser: user } = config;
  await mkdir(dirname(file), { recursive: true, mode: 0o750 });
  const lines = userlistLines({ userlist, user, passwordHash });
  await writeFileAtomic(file, lines.map((line) => `${line}\n`).join(''), access);
  return { password, passwordHash: null };
}
