import { lossyLines } from '../config-text/api-model.ts';
import { findHash, verifyPassword } from '../config-text/userlist.ts';
import { type Check, failure, ok, warning } from './facts.ts';

const fromInit = 'let the init container write it: haproxy-peer-sync init --template YOUR.cfg';

const configFile: Check = ({ configText, options }) =>
  configText.ok
    ? [ok('haproxy.cfg', `${options.configFile} can be read`)]
    : [
        failure(
          'haproxy.cfg',
          `${options.configFile} cannot be read: ${configText.why}`,
          'mount the volume that HAProxy and the Data Plane API share, at the same path',
        ),
      ];

const lossy: Check = ({ configText, options }) => {
  if (!configText.ok || !options.usesDataplane) return [];
  const lines = lossyLines(configText.value);
  if (lines.length === 0)
    return [ok('lossy-lines', 'a rewrite by the Data Plane API loses nothing known')];
  return lines.map((line) =>
    failure('lossy-lines', line, 'write it in a form that is kept, or run with --applier direct'),
  );
};

const userlist: Check = ({ configText, usersText, password, dataplaneYml, options }) => {
  if (!options.usesDataplane || !password.ok) return [];
  const name = 'userlist';
  if (dataplaneYml.ok && /^\s+user(s)?:\s*$/m.test(dataplaneYml.value)) {
    return [
      warning(
        name,
        'dataplaneapi.yml has users of its own: then the Data Plane API ignores the userlist',
        'remove "user:" from dataplaneapi.yml',
      ),
    ];
  }
  const isApart = dataplaneYml.ok && /^\s+userlist_file:\s*["']?\//m.test(dataplaneYml.value);
  const users = isApart ? usersText : configText;
  if (users === undefined || (!users.ok && !isApart)) return [];
  const where = isApart ? 'its userlist_file' : options.configFile;
  const hash = users.ok ? findHash(users.value, options.userlist, options.dataplaneUser) : null;
  if (hash === null) {
    return [
      failure(
        name,
        `userlist ${options.userlist} in ${where} has no user ${options.dataplaneUser}: the Data Plane API does not start, or answers 401`,
        fromInit,
      ),
    ];
  }
  if (!/^\$[156]\$[^$]+\$[^$]+$/.test(hash)) {
    return [
      failure(
        name,
        'the password hash is of a kind that the Data Plane API refuses: it takes $1$, $5$ and $6$ without rounds',
        fromInit,
      ),
    ];
  }
  if (hash.startsWith('$6$') && !verifyPassword(password.value.text, hash)) {
    return [
      failure(
        name,
        `the hash in ${where} does not match the password in ${options.passwordFile}: every call is answered with 401`,
        'restart the pod: init writes both together',
      ),
    ];
  }
  return [ok(name, `user ${options.dataplaneUser}, hash and password agree`)];
};

const passwordFile: Check = ({ password, options }) => {
  if (!options.usesDataplane) return [];
  const name = 'password';
  if (!password.ok) {
    return [
      failure(
        name,
        `${options.passwordFile} cannot be read: ${password.why}`,
        'mount the volume that init has written, and run all containers as one user or with --file-group',
      ),
    ];
  }
  if (password.value.text === '') return [failure(name, 'the password file is empty', fromInit)];
  if ((password.value.mode & 0o007) !== 0) {
    return [
      warning(
        name,
        `${options.passwordFile} can be read by everybody on the node`,
        `chmod 600 ${options.passwordFile}`,
      ),
    ];
  }
  return [ok(name, 'exists, and not everybody can read it')];
};

export const configChecks: readonly Check[] = [configFile, lossy, passwordFile, userlist];
