import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDnsName, isHaproxyName, quoted } from '../../../src/model/names.ts';
import { anyName } from '../../helpers/hostile.ts';

describe('a name', () => {
  it.each(['web-0', 'a', '0', 'a.b-c.d', 'a'.repeat(253), 'peer-fd00--5'])(
    'of Kubernetes may be %s',
    (name) => {
      expect(isDnsName(name)).toBe(true);
      expect(isHaproxyName(name)).toBe(true);
    },
  );

  it.each(['', '-a', 'a-', 'a..b', '.a', 'A', 'a_b', 'a b', 'a\n', 'é', 'a'.repeat(254)])(
    'of Kubernetes is not %j',
    (name) => {
      expect(isDnsName(name)).toBe(false);
    },
  );

  it('that a source may tell is always one that HAProxy takes', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(isDnsName(name) && !isHaproxyName(name)).toBe(false);
        if (isHaproxyName(name)) expect(name).toMatch(/^[A-Za-z0-9_.:-]+$/);
      }),
    );
  });

  it('that is none is shown in visible ASCII', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(quoted(name)).toMatch(/^"[ -~]*"$/);
        expect(quoted(name).slice(1, -1)).not.toMatch(/"/);
        expect(quoted(name).length).toBeLessThan(400);
      }),
    );
    expect(quoted('a\nb "c" \\')).toBe('"a\\u000ab \\u0022c\\u0022 \\u005c"');
  });
});
