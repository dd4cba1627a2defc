import { sumsSection } from '../../../config-text/sums-section.ts';
import { type Check, type Checks, failure, ok, warning } from '../../../doctor/facts.ts';
import { examineSums } from '../section/examine.ts';
import { describeFault } from '../section/fault.ts';

/** Has haproxy.cfg what sums need, and nothing of which they would be wrong? */
const section: Check = ({ sums, configText, env }) => {
  if (sums === undefined || !configText.ok) return [];
  const name = 'sums-section';
  const { suffix } = sums;
  const { tables, faults } = examineSums(configText.value, { suffix, env });
  if (faults.length > 0)
    return faults.map((fault) =>
      (fault.kind === 'wrong' ? failure : warning)(
        name,
        describeFault(fault),
        'change the template and roll the workload out: docs/aggregate.md has an example',
      ),
    );
  if (tables.length === 0)
    return [
      warning(
        name,
        `no table is in section ${sumsSection}: nothing is summed`,
        `"peers ${sumsSection}" in a stick-table line, and a table of the same name with ${suffix} behind it`,
      ),
    ];
  const what = tables.map((table) => `${table.targets.join(' and ')} of ${table.name}`).join(', ');
  return [ok(name, what)];
};

/** Does the worker have the section, and is its lesson over? */
const running: Check = ({ sums, admin }) => {
  const resync = admin.ok ? admin.value.sums : undefined;
  if (sums === undefined || resync === undefined) return [];
  const name = 'sums-running';
  if (resync === null)
    return [
      failure(
        name,
        `HAProxy runs without section ${sumsSection}`,
        'roll the workload out: init, or run --template, adds it',
      ),
    ];
  if (resync === 'pending')
    return [
      warning(
        name,
        'HAProxy waits for the sidecar: nothing was told to it yet',
        'look again: if it stays so, the log of the sidecar says why ("no session for sums")',
      ),
    ];
  return [ok(name, `HAProxy has section ${sumsSection}, and has heard the sidecar`)];
};

/** Of `--aggregate`. */
export const aggregateChecks: Checks = { files: [section], running: [running] };
