import { cpuUsage } from 'node:process';
import { expect, it } from 'vitest';
import {
  carryServers,
  withoutServers,
} from '../../../../../src/modules/backends/file/carry-servers.ts';
import { editServers } from '../../../../../src/modules/backends/file/edit-servers.ts';
import { backend, server } from '../../../../helpers/backends.ts';

const template = 'backend app\n  balance first\n  server s1 10.0.0.1:80\n\nbackend other\n';
const two = [server('app-1'), server('app-2', { state: 'drain' })];
const params = ['check', 'sni', 'str(a b)'];
const live = editServers(template, backend(two), { params }).text;

it('puts our servers into a file that is made anew, as they are', () => {
  expect(carryServers(live, template, {})).toBe(live);
  expect(carryServers(live, live, {})).toBe(live);
  const next = template.replace('first', 'leastconn').replace('s1', 's2');
  expect(carryServers(live, next, {})).toBe(
    live.replace('first', 'leastconn').replace('server s1', 'server s2'),
  );
});

it('carries nothing of anybody else', () => {
  const theirs = live.replace('server s1', 'server x 10.0.0.9:80 id 7\n  server s1');
  expect(carryServers(theirs, template, {})).toBe(live);
  expect(carryServers(template, template, {})).toBe(template);
});

it('leaves a server of the new file that has the name, and a backend that is gone or guarded', () => {
  const named = template.replace('s1', 'app-1');
  expect(carryServers(live, named, {}).match(/server app-1/g)).toHaveLength(1);
  for (const next of ['backend other\n', '.if defined(X)\nbackend app\n.endif\n'])
    expect(carryServers(live, next, {})).toBe(next);
});

it('writes lines of their own where the new file does not end with one', () => {
  expect(carryServers(live, 'backend app\r\n  balance first', {})).toMatch(
    /balance first\r\n {2}server app-1 .*\r\n {2}server app-2 .*\r\n$/,
  );
});

it('can be left out of a text, where every other line keeps its number', () => {
  const rest = withoutServers(live, {});

  expect(rest.split('\n').filter((line) => line !== '')).toEqual(
    template.split('\n').filter((line) => line !== ''),
  );
  expect(rest.split('\n')).toHaveLength(live.split('\n').length);
  expect(withoutServers(template, {})).toBe(template);
});

it('takes no longer for each of many backends that have none of ours', () => {
  const many = Array.from(
    { length: 1000 },
    (_, index) => `listen l${index}\n  server a 10.0.0.1:80 id ${index + 1}\n`,
  );
  const [before, after] = [live, template].map((text) => many.join('') + text);
  const start = cpuUsage();

  expect(carryServers(before ?? '', after ?? '', {})).toBe(before);

  const { user, system } = cpuUsage(start);
  // 15 ms on a machine that does nothing else; with a look at the whole file for each of them it was 2,500 ms.
  expect((user + system) / 1000).toBeLessThan(400);
});
