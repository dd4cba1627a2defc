import type { MetricDefinitions } from '../../telemetry/metric-definition.ts';

/** Of the template that is followed. */
export const templateMetrics = {
  templateChanges: {
    type: 'counter',
    name: 'template_changes_total',
    labels: ['outcome'],
    values: ['applied', 'refused', 'unreadable'],
    help: 'With `--watch-template`: changes of the template or of followed files, by outcome. refused: HAProxy serves on with what was in force; the log and an Event have the reason. unreadable: missing or empty.',
  },
  templateInForce: {
    type: 'gauge',
    name: 'template_in_force',
    absent: true,
    help: 'With `--watch-template`: 1 while HAProxy runs with the template and the files as they are mounted, else 0. Long 0: it was refused. Absent without the flag.',
  },
} as const satisfies MetricDefinitions;
