import { describe, expect, it } from 'vitest';
import type { Facts } from '../../../../src/doctor/facts.ts';
import { stick } from '../../../../src/modules/peers/checks/stick.ts';

function found(text: string) {
  const facts = {
    configText: { ok: true, value: text },
    options: { peersSection: 'mypeers' },
    // The check looks at nothing else.
  } as unknown as Facts;
  return stick(facts);
}

const table = ' stick-table type ip size 1m expire 1h peers mypeers';
const template = ' server-template app 1-10 app.svc:80 check resolvers dns\n';
const rule = ' stick on src\n';

describe('stick-servers', () => {
  it('names slots that a shared table remembers by name', () => {
    const [first] = found(`backend app\n${template}${table}\n${rule}`);

    expect(first).toMatchObject({ check: 'stick-servers', level: 'failure' });
    expect(first?.what).toMatch(/^app sticks to servers of server-template app by their slots/);
    expect(first?.mend).toContain('srvkey addr');
  });

  it.each([
    [
      'a table of another backend',
      `backend t\n${table}\nbackend app\n${template} stick match src table t\n`,
    ],
    [
      'a table of the section',
      `peers mypeers\n table t type ip size 1m\nlisten app\n${template} stick store-response src table mypeers/t\n`,
    ],
    ['srvkey name', `backend app\n${template}${table} srvkey name\n${rule}`],
  ])('sees it by %s', (_, text) => {
    expect(found(text)).toMatchObject([{ level: 'failure' }]);
  });

  it.each([
    ['srvkey addr', `backend app\n${template}${table} srvkey addr\n${rule}`],
    [
      'servers with lines of their own',
      `backend app\n server a 10.0.0.1:80\n server b 10.0.0.2:80\n${table}\n${rule}`,
    ],
    ['one slot', `backend app\n server-template app 1 app.svc:80\n${table}\n${rule}`],
  ])('is well with %s', (_, text) => {
    expect(found(text)).toMatchObject([{ check: 'stick-servers', level: 'ok' }]);
  });

  it.each([
    ['a table that is not shared', `backend app\n${template} stick-table type ip size 1m\n${rule}`],
    ['no stick rule', `backend app\n${template}${table}\n http-request track-sc0 src\n`],
  ])('has nothing to say of %s', (_, text) => {
    expect(found(text)).toEqual([]);
  });
});
