import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { neededEventsRule } from '../../src/kubernetes/events.ts';
import { noticeReasons } from '../../src/model/notice.ts';

const role = z.object({
  kind: z.literal('Role'),
  rules: z.array(
    z.object({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      verbs: z.array(z.string()),
    }),
  ),
});

describe('Events', () => {
  it('are all explained in docs/operations.md, and no others', () => {
    const text = readFileSync('docs/operations.md', 'utf8');
    const section = /## Events\n(.*?)\n## /s.exec(text)?.[1] ?? '';

    const rows = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, reason]) => reason);

    expect(rows).toEqual(Object.keys(noticeReasons));
  });

  it.each(Object.entries(noticeReasons))('%s says what it means and what to do', (_, notice) => {
    expect(notice.meaning).toMatch(/^[A-Z].*\.$/);
    expect(notice.advice).toMatch(/^[A-Z].*\.$/);
  });

  it.each(['deployment', 'statefulset', 'daemonset'])(
    'may be written by examples/%s, with no right more than needed',
    (example) => {
      const text = readFileSync(`examples/${example}/rbac.yaml`, 'utf8');
      const rules = parseAllDocuments(text)
        .map((document) => role.safeParse(document.toJS()).data)
        .flatMap((found) => found?.rules ?? []);

      const rule = rules.find(({ resources }) => resources.includes('events'));

      expect(rule).toEqual({ apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] });
      expect(neededEventsRule()).toContain('verbs: ["create", "patch"]');
      expect(rules).toHaveLength(2);
    },
  );
});
