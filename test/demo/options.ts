import { Command, InvalidArgumentError, Option } from 'commander';
import { whole } from '../helpers/whole-number.ts';

export interface DemoOptions {
  readonly entries: number;
  readonly replicas: number;
  readonly kubernetes?: true;
  readonly naive?: true;
  readonly relay?: true;
  readonly applier?: 'dataplane' | 'direct';
  readonly haproxy?: string;
  /** First three numbers of the loopback addresses. */
  readonly network: string;
  readonly keep?: true;
}

function loopback(text: string): string {
  if (/^127(\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){2}$/.test(text)) return text;
  throw new InvalidArgumentError('It is three numbers such as 127.0.1.');
}

/** The flags of `npm run demo`. Ends the process with a message when one is wrong, and for `--help`. */
export function parseOptions(argv: readonly string[]): DemoOptions {
  return (
    new Command('npm run demo --')
      .description(
        'HAProxy replicas come, go and die on loopback addresses; their stick-table entries stay.\n' +
          'Exit code 0 only if every survivor has every entry.',
      )
      // The table holds 2m entries, and a loopback network about 250 addresses: twice the replicas and two more.
      .option('--entries <n>', 'stick-table entries', whole(1, 2_000_000), 40_000)
      .option('--replicas <n>', 'replicas at the start', whole(1, 100), 3)
      .option('--kubernetes', 'membership from a real kube-apiserver instead of a file')
      .option('--naive', 'what starting alone and reloading at once loses; exit code 0 if it ran')
      .addOption(
        new Option(
          '--relay',
          'relay mode: sidecars connect the replicas, and no HAProxy is reloaded; exit code 0 only if none was',
        ).conflicts(['naive', 'applier']),
      )
      .addOption(
        new Option(
          '--applier <name>',
          'how changes are applied (default: dataplane where it is found)',
        ).choices(['dataplane', 'direct']),
      )
      .option('--haproxy <path>', 'HAProxy program')
      .option(
        '--network <prefix>',
        'first three numbers of the loopback addresses',
        loopback,
        '127.0.1',
      )
      .option('--keep', 'keep the directory with configurations and logs')
      .allowExcessArguments(false)
      .parse([...argv])
      .opts<DemoOptions>()
  );
}
