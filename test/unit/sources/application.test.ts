import { describe, expect, it } from 'vitest';
import { selectorText } from '../../../src/model/selector.ts';
import { applicationSelector, looksAlike } from '../../../src/sources/application.ts';

describe('applicationSelector', () => {
  it('takes the labels that name the application, and no other', () => {
    const labels = {
      app: 'edge',
      team: 'web',
      'app.kubernetes.io/name': 'haproxy',
      'app.kubernetes.io/instance': 'edge',
      'app.kubernetes.io/component': 'lb',
      'app.kubernetes.io/version': '3.4',
      'app.kubernetes.io/managed-by': 'Helm',
      'helm.sh/chart': 'haproxy-1.2.3',
      'pod-template-hash': '5d9f',
      'k8s-app': 'haproxy',
    };

    expect(selectorText(applicationSelector(labels))).toBe(
      'app.kubernetes.io/instance=edge,app.kubernetes.io/name=haproxy,app.kubernetes.io/component=lb,app=edge,k8s-app=haproxy',
    );
  });

  it('refuses to select every pod, and says what to give', () => {
    for (const labels of [{}, { team: 'web', 'pod-template-hash': 'x' }]) {
      expect(() => applicationSelector(labels)).toThrow(
        expect.objectContaining({
          code: 'SELECTOR_EMPTY',
          hint: expect.stringContaining('--selector'),
        }),
      );
    }
    expect(() => applicationSelector({ team: 'web' })).toThrow(/it has team/);
  });
});

describe('looksAlike', () => {
  const name = 'app.kubernetes.io/name';
  const instance = 'app.kubernetes.io/instance';

  it.each<[Readonly<Record<string, string>>, Readonly<Record<string, string>>, boolean]>([
    [{ app: 'a', track: 'stable' }, { app: 'a', track: 'canary' }, true],
    [{ [name]: 'haproxy', [instance]: 'edge' }, { [name]: 'haproxy' }, true],
    [{ [name]: 'haproxy' }, { [name]: 'haproxy', [instance]: 'edge' }, true],
    [{ [name]: 'haproxy', [instance]: 'a' }, { [name]: 'haproxy', [instance]: 'b' }, false],
    [{ [name]: 'haproxy', [instance]: 'a' }, { [name]: 'redis', [instance]: 'a' }, false],
    [{ app: 'a' }, { app: 'client' }, false],
    [{ app: 'a' }, { team: 'a' }, false],
    [{ team: 'a' }, { team: 'a' }, false],
  ])('of %j and %j is %s', (own, other, expected) => {
    expect(looksAlike(own, other)).toBe(expected);
  });
});
