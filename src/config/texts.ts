import { isDnsName, isHaproxyName, isPlainPath, quoted } from '../model/names.ts';
import { camelCase } from './values.ts';

interface Rule {
  readonly options: readonly string[];
  readonly isRight: (text: string) => boolean;
  /** To be read after `--option "value" `. */
  readonly problem: string;
}

/** Options that become text of haproxy.cfg, dataplaneapi.yml, reload.sh, a request, a selector or a command that is advised. */
const rules: readonly Rule[] = [
  {
    options: ['pod-name'],
    isRight: isHaproxyName,
    problem: `cannot be a peer's name: letters, digits, "-", "_", "." and ":" only`,
  },
  {
    options: ['peers-section', 'dataplane-userlist'],
    isRight: isHaproxyName,
    problem: `cannot be a section's name: letters, digits, "-", "_", "." and ":" only`,
  },
  {
    options: ['keep-peer'],
    // As written in the file where it is a variable.
    isRight: (text) => isHaproxyName(text) || /^"?\$\{?\w+\}?"?$/.test(text),
    problem: `cannot be a peer's name: letters, digits, "-", "_", "." and ":" only`,
  },
  {
    options: ['dataplane-user'],
    isRight: (text) => /^[A-Za-z0-9_.@-]+$/.test(text),
    problem: 'cannot be a user of a userlist: letters, digits, "-", "_", "." and "@" only',
  },
  {
    options: [
      'admin-socket',
      'master-socket',
      'haproxy-config',
      'dataplane-config',
      'dataplane-password-file',
      'state-directory',
    ],
    isRight: (text) => text.startsWith('/') && isPlainPath(text),
    problem:
      'is not an absolute path of letters, digits and "/._+=@~-", which every program that reads it understands',
  },
  {
    options: ['haproxy-bin'],
    isRight: (text) => isPlainPath(text) && !text.startsWith('-'),
    problem: 'is not the name or path of a program: letters, digits and "/._+=@~-" only',
  },
  {
    options: ['peers-tls-verify-host', 'dns'],
    isRight: (text) => /^[A-Za-z0-9._-]+$/.test(text) && text.length <= 253,
    problem: 'is not a DNS name',
  },
  {
    options: ['service', 'namespace'],
    isRight: (text) => isDnsName(text) && text.length <= 63 && !text.includes('.'),
    problem: 'is not a name of Kubernetes: small letters, digits and "-", at most 63 characters',
  },
  {
    options: ['snapshot-set'],
    isRight: (text) => /^[A-Za-z0-9_.:/-]{1,200}$/.test(text),
    problem: 'is not the name of a set: letters, digits and "_.:/-", at most 200 characters',
  },
  {
    options: ['pod', 'node-name', 'relay-key-secret'],
    isRight: isDnsName,
    problem: 'is not a name of Kubernetes: small letters, digits, "-" and "."',
  },
];

/** Everything that is wrong with options that others read as text, one sentence each. */
export function textProblems(config: Readonly<Record<string, unknown>>): readonly string[] {
  return rules.flatMap(({ options, isRight, problem }) =>
    options.flatMap((name) =>
      [config[camelCase(name)]]
        .flat()
        .filter((value) => typeof value === 'string')
        .filter((value) => !isRight(value))
        .map((value) => `--${name} ${quoted(value)} ${problem}`),
    ),
  );
}
