import { examine } from '../doctor/examine.ts';
import { gatherFacts } from '../doctor/gather/gather.ts';
import { moduleChecks } from '../modules/checks.ts';
import { escapeJson } from '../visible.ts';
import type { CommandOf, Context } from './command.ts';
import { renderFindings } from './doctor-view.ts';
import { isElsewhere } from './elsewhere.ts';
import { sidecarFlags } from './sidecar-flags.ts';

const elsewhere =
  'doctor looks at the pod that it runs in, and neither HAProxy nor a sidecar is here. From a workstation: kubectl haproxy-peers doctor POD, ' +
  'or kubectl exec POD -c haproxy-peer-sync -- haproxy-peer-sync doctor. status --pod POD and status --all ask from outside.';

async function doctor({
  config,
  env,
  signal,
  version,
  out,
  terminal,
}: Context<'doctor'>): Promise<number> {
  const facts = await gatherFacts(config, env, version, signal);
  const findings = examine(facts, moduleChecks);
  const isHere = facts.admin.ok || facts.master.ok || !isElsewhere(env, sidecarFlags());
  out(
    config.json || config.output === 'json'
      ? `${escapeJson(JSON.stringify(findings))}\n`
      : `${renderFindings(findings, terminal)}${isHere ? '' : `${elsewhere}\n`}`,
  );
  return findings.some(({ level }) => level === 'failure') ? 1 : 0;
}

export const doctorCommand: CommandOf<'doctor'> = {
  name: 'doctor',
  summary:
    'Look for problems, and say what mends each of them. Changes nothing. Exit code 1 for a failure.',
  flags: sidecarFlags,
  elsewhere,
  run: doctor,
};
