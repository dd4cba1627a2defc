import { Command, InvalidArgumentError, Option } from 'commander';
import { whole } from '../../helpers/whole-number.ts';
import { type Scenario, scenarios } from './scenarios.ts';

export interface RetentionOptions {
  readonly entries: readonly number[];
  readonly scenario: readonly Scenario[];
  readonly repeat: number;
  readonly writes: number;
  readonly burst: number;
  /** Seconds. */
  readonly cut: number;
  readonly haproxy?: string;
  readonly naive: boolean;
  /** Relay mode is played beside reload mode, which is always played. */
  readonly mode: 'reload' | 'relay';
  /** Another checkout of this repository, played in the same run. */
  readonly beside?: string;
  readonly members: 'kubernetes' | 'file';
  readonly network: string;
  /** Every replica is connected with every other before the change. */
  readonly calm: boolean;
  readonly json?: string;
  /** SVG: the entries of each replica over time, the first run of the first scenario. */
  readonly plot?: string;
  readonly keep: boolean;
}

function named(text: string): readonly Scenario[] {
  return text.split(',').map((name) => {
    const found = scenarios.find((scenario) => scenario.name === name);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`They are ${scenarios.map((each) => each.name).join(', ')}.`);
  });
}

/** The flags of `npm run bench -- retention`. */
export function parseOptions(argv: readonly string[]): RetentionOptions {
  const list = scenarios.map(({ name, what }) => `  ${name.padEnd(18)}${what}`).join('\n');
  return new Command('npm run bench -- retention')
    .description(
      `Entries that survive, per scenario:\n${list}\n\nExit code 0 only if ours lost none, and reloaded none in relay mode.`,
    )
    .option(
      '--entries <n,…>',
      'entries before the change',
      (text) => text.split(',').map(whole(1, 1_500_000)),
      [40_000],
    )
    .option('--scenario <name,…>', 'some of them only', named, scenarios)
    .option('--repeat <n>', 'times each; a row shows the worst', whole(1, 100), 1)
    .option('--writes <n>', 'new keys a second during the change', whole(0, 20_000), 1000)
    .option('--burst <n>', 'replicas after the burst', whole(4, 200), 12)
    .option('--cut <s>', 'seconds without API server', whole(1, 600), 60)
    .option('--haproxy <path>', 'HAProxy program')
    .addOption(
      new Option('--mode <name>', 'relay: relay mode is played beside reload mode in the same run')
        .choices(['reload', 'relay'])
        .default('reload'),
    )
    .option('--no-naive', 'without the naive way')
    .option('--beside <tree>', 'another checkout, whose sidecars are played in the same run')
    .addOption(
      new Option('--members <where>', 'a real kube-apiserver, or a file')
        .choices(['kubernetes', 'file'])
        .default('kubernetes'),
    )
    .option('--network <prefix>', 'first three numbers of the loopback addresses', '127.0.7')
    .option('--calm', 'begin the change when all are connected with all', false)
    .option('--json <file>', 'every run')
    .option('--plot <file>', 'SVG of the first scenario: entries of each replica over time')
    .option('--keep', 'keep the directory with configurations and logs', false)
    .allowExcessArguments(false)
    .parse([...argv])
    .opts<RetentionOptions>();
}
