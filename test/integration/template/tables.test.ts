import { describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { refusal, setUp, template, told, variants } from './follower.ts';

describe('a template that changes a stick table', () => {
  const [v3, , direct] = variants;
  const unshared = (text: string) => text.replace(/ peers \S+\n$/, '\n');
  const kept = 'the template has changed stick tables: entries are not kept';

  it.each([
    ['is no longer shared', unshared],
    ['has keys of another type or length', (text: string) => text.replace('len 64', 'len 128')],
  ])(
    'so that it %s is refused while HAProxy holds entries in it',
    unless(missingOf({ HAProxy: direct.haproxy })),
    async (why, changed) => {
      const { mount, replica, ask, answers, keeps, address } = await setUp(direct);
      const before = await replica.reloads();

      mount.set({ 'haproxy.cfg': changed(template(address, 'two')) });

      await eventually(() => told(replica, refusal).length === 1);
      expect(told(replica, refusal)[0]).toMatchObject({ code: 'TEMPLATE_LOSES_ENTRIES' });
      expect(String(told(replica, refusal)[0]?.reason)).toContain(`sessions ${why}`);
      expect(await replica.reloads()).toBe(before);
      expect(await ask()).toBe('one');
      await keeps();

      await replica.ask('clear table sessions');
      await answers('two');
      expect(told(replica, refusal)).toHaveLength(1);
      expect(told(replica, kept)).toEqual([]);
    },
  );

  for (const variant of [v3, direct]) {
    const { name, haproxy, dataplane } = variant;
    it(
      `is applied where it permits that, and says so, ${name}`,
      unless(missingOf({ HAProxy: haproxy, 'Data Plane API': dataplane ?? haproxy })),
      async () => {
        const { mount, replica, answers, address } = await setUp(variant);
        const comment = '# haproxy-peer-sync:allow-table-loss sessions\n';

        mount.set({ 'haproxy.cfg': comment + unshared(template(address, 'two')) });

        await answers('two');
        await eventually(() => told(replica, kept).length === 1);
        expect(String(told(replica, kept)[0]?.tables)).toContain('sessions is no longer shared');
        expect(await replica.entries()).toBeLessThan(20);
        expect(told(replica, refusal)).toEqual([]);
      },
    );
  }
});
