import { examine } from '../doctor/examine.ts';
import { gatherFacts } from '../doctor/gather/gather.ts';
import { moduleChecks } from '../modules/checks.ts';
import { escapeJson } from '../visible.ts';
import type { CommandOf, Context } from './command.ts';
import { renderFindings } from './doctor-view.ts';
import { sidecarFlags } from './sidecar-flags.ts';

async function doctor({
  config,
  env,
  signal,
  version,
  out,
  terminal,
}: Context<'doctor'>): Promise<number> {
  const findings = examine(await gatherFacts(config, env, version, signal), moduleChecks);
  out(
    config.json || config.output === 'json'
      ? `${escapeJson(JSON.stringify(findings))}\n`
      : renderFindings(findings, terminal),
  );
  return findings.some(({ level }) => level === 'failure') ? 1 : 0;
}

export const doctorCommand: CommandOf<'doctor'> = {
  name: 'doctor',
  summary:
    'Look for problems, and say what mends each of them. Changes nothing. Exit code 1 for a failure.',
  flags: sidecarFlags,
  run: doctor,
};
