import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Alert, readAlerts, rulesFile, rulesTestFile } from '../../helpers/monitoring.ts';
import { programs } from '../../helpers/programs.ts';
import { promtool } from '../../helpers/prometheus.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';

const binary = programs.promtool ?? '';
const alerts = readAlerts();
const suite = z.looseObject({ tests: z.array(z.looseObject({ name: z.string() })) });

describe('alert rules', unless(missingOf({ promtool: programs.promtool })), () => {
  const directory = suiteFolder();

  /** What the test of an alert says when the alert has another expression. */
  async function testsWith(alert: Alert, expr: string) {
    const file = suite.parse(parse(readFileSync(rulesTestFile, 'utf8')));
    const tests = file.tests.filter(({ name }) => name === alert.alert);
    const rules = { groups: [{ name: 'changed', rules: [{ ...alert, expr }] }] };
    // JSON is YAML.
    writeFileSync(join(directory, 'rules.yaml'), JSON.stringify(rules));
    writeFileSync(join(directory, 'test.yaml'), JSON.stringify({ ...file, tests }));
    return promtool(binary, ['test', 'rules', join(directory, 'test.yaml')]);
  }

  it('are valid', async () => {
    const { ok, text } = await promtool(binary, ['check', 'rules', rulesFile]);

    expect(text).toContain(`SUCCESS: ${alerts.length} rules found`);
    expect(ok).toBe(true);
  });

  it('fire when they should, and rest when they should', async () => {
    const { ok, text } = await promtool(binary, ['test', 'rules', rulesTestFile]);

    expect(text).toContain('SUCCESS');
    expect(ok).toBe(true);
  });

  it.each(alerts.map((alert) => [alert.alert, alert] as const))(
    '%s has a test that notices when it never fires, and when it always does',
    async (name, alert) => {
      const never = await testsWith(alert, 'vector(1) > 2');
      const always = await testsWith(alert, 'vector(1)');

      expect(never.ok).toBe(false);
      expect(never.text).toContain(`alertname="${name}"`);
      expect(always.ok).toBe(false);
      expect(always.text).toContain(`alertname="${name}"`);
    },
  );
});
