/** What `kubectl haproxy-peers ARGS` comes to: a command of this program, kubectl itself, or a text. */
export type PluginCall =
  | { readonly program: 'own' | 'kubectl'; readonly argv: readonly string[] }
  | { readonly program: 'text'; readonly text: string; readonly exitCode: number };

const usage = `kubectl haproxy-peers shows the state of the HAProxy replicas that haproxy-peer-sync keeps in step.

Usage:
  kubectl haproxy-peers status -l LABELS           every replica: peers, tables, what waits and why
  kubectl haproxy-peers status --pod POD           one of them
  kubectl haproxy-peers doctor POD|TYPE/NAME       what is wrong in a pod, and what mends it
  kubectl haproxy-peers version

status asks through the API server's proxy: you need the right to get pods/proxy. "status --help" lists its options.
doctor runs inside the pod, by "kubectl exec". -n, --context, --kubeconfig and -c are those of kubectl; the first word that is no
flag is the pod, and the rest is passed to doctor.
`;

/** Flags of kubectl that take a value, and say where to look. */
const whereFlags = ['-n', '--namespace', '--context', '--kubeconfig', '--cluster', '--user'];
const containerFlags = ['-c', '--container'];

function doctorCall(argv: readonly string[]): PluginCall {
  const where: string[] = [];
  const own: string[] = [];
  let container = 'haproxy-peer-sync';
  let target: string | undefined;
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [flag = '', value] = word.startsWith('--') ? word.split(/=(.*)/s) : [word];
    const take = (): string => value ?? words.shift() ?? '';
    if (whereFlags.includes(flag)) where.push(flag, take());
    else if (containerFlags.includes(flag)) container = take();
    else if (word.startsWith('-')) own.push(word);
    else if (target === undefined) target = word;
    // A value of a flag of doctor's.
    else own.push(word);
  }
  if (target === undefined) {
    return {
      program: 'text',
      text: 'doctor looks at one pod: kubectl haproxy-peers doctor POD, or TYPE/NAME, for example deployment/haproxy.\n',
      exitCode: 2,
    };
  }
  return {
    program: 'kubectl',
    argv: [
      ...['exec', ...where, target, '-c', container, '--'],
      ...['haproxy-peer-sync', 'doctor', ...own],
    ],
  };
}

/** `argv` without the plugin's own name. */
export function pluginCall(argv: readonly string[]): PluginCall {
  const [command = 'help', ...rest] = argv;
  if (command === 'version' || command === '--version')
    return { program: 'own', argv: ['--version'] };
  if (command === 'doctor' && !rest.some((word) => word === '--help' || word === '-h'))
    return doctorCall(rest);
  if (command === 'status') {
    const asked = rest.some((word) => /^--(pod|all|help)\b|^-h$/.test(word));
    return { program: 'own', argv: ['status', ...(asked ? [] : ['--all']), ...rest] };
  }
  const known = ['help', '--help', '-h', 'doctor'].includes(command);
  return { program: 'text', text: usage, exitCode: known ? 0 : 2 };
}
