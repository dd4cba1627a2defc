import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withLessonLine } from '../../../src/config-text/lesson-text.ts';
import { editPeersSection, readPeersSection } from '../../../src/config-text/peers-text.ts';
import { renderHaproxyCfg } from '../../../src/config-text/render.ts';
import { noChanges } from '../../../src/model/changes.ts';
import { lessonPlaceOf } from '../../../src/modules/peers/lesson-leg.ts';
import { entry, member, self } from '../../helpers/members.ts';
import { renderInput } from '../../helpers/render-input.ts';

const input = { sectionName: 'p', self: self('a'), port: 3000, env: { HOSTNAME: 'a' } };
const own = 'peer a 10.0.0.1:3000';
const line = 'peer lesson 10.0.0.1:3000';
const text = (...lines: readonly string[]) =>
  `peers p\n${lines.map((each) => `    ${each}\n`).join('')}\nbackend t\n    stick-table type ip size 1k peers p\n`;

describe('withLessonLine', () => {
  it.each([
    ['peer lines', [own, 'peer b 10.0.0.2:3000'], line],
    ['a name as a variable', ['peer "$HOSTNAME" 10.0.0.1:3000'], line],
    ['all addresses', ['peer a 0.0.0.0:3000'], 'peer lesson 127.0.0.1:3000'],
    ['a bind line', ['bind 10.0.0.1:3000', 'server a'], 'server lesson 10.0.0.1:3000'],
    ['a bind line for all', ['bind :3000', 'server a'], 'server lesson 127.0.0.1:3000'],
    ['another bind line for all', ['bind *:3000', 'server a'], 'server lesson 127.0.0.1:3000'],
  ])('points at the HAProxy itself: %s', (_, lines, wanted) => {
    const made = withLessonLine(text(...lines), input);
    const [before, after] = [text(...lines), made].map((each) => readPeersSection(each, 'p', {}));

    expect(made.split('\n').filter((each) => each.includes('lesson'))).toEqual([`    ${wanted}`]);
    expect(after).toMatchObject({ entries: before?.entries, lesson: { name: 'lesson' } });
    expect(withLessonLine(made, input)).toBe(made);
  });

  it('points at the loopback of the family that peers use', () => {
    const six = { ...input, self: { name: 'a', address: 'fd00::1' } };

    expect(withLessonLine(text('bind :::3000', 'server a'), six)).toContain('lesson [::1]:3000');
    expect(withLessonLine(text('peer a [fd00::1]:3000'), six)).toContain('lesson [fd00::1]:3000');
  });

  it.each([
    ['a peer of that name elsewhere', [own, 'peer lesson 192.0.2.1:3000']],
    ['this peer has the name', ['peer lesson 10.0.0.1:3000']],
    ['TLS to others', [own, 'peer b 10.0.0.2:3000 ssl verify none']],
    ['TLS from others', ['bind :3000 ssl crt /x ca-file /y verify required', 'server a']],
    ['TLS by default', ['default-bind ssl crt /x', own]],
    ['an address that is not known here', ['bind "${WHERE}:3000"', 'server a']],
    ['another port', ['bind :3001', 'server a']],
    ['no own line', ['peer b 10.0.0.2:3000']],
  ])('is refused, and nothing is guessed: %s', (_, lines) => {
    expect(() => withLessonLine(text(...lines), input)).toThrow('There can be no line for lessons');
  });
});

describe('a section with a line for lessons', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'lesson-0');
  const some = fc.uniqueArray(name, { maxLength: 6 });

  it('is read and changed as without it, and the line stays as it was', () => {
    fc.assert(
      fc.property(some, some, some, some, fc.nat(6), (there, add, update, remove, at) => {
        const lines = [
          own,
          ...there.filter((each) => each !== 'a').map((each) => `peer ${each} 10.0.0.9:3000`),
        ];
        const odd = '  peer   lesson  10.0.0.1:3000 # mine';
        const without = text(...lines);
        const having = text(...lines.toSpliced(at, 0, odd));
        const changes = {
          ...noChanges,
          add: add.map((each) => entry(each, { address: '10.0.0.7' })),
          update: update.map((each) => entry(each, { address: '10.0.0.8' })),
          remove: remove.filter((each) => each !== 'a').map((each) => entry(each)),
        };
        const { lesson, ...read } = readPeersSection(having, 'p');

        expect(lesson).toMatchObject({ name: 'lesson', address: '10.0.0.1' });
        expect(read).toEqual(readPeersSection(without, 'p'));
        const [changed, other] = [having, without].map((each) =>
          editPeersSection(each, 'p', changes),
        );
        expect(changed).toContain(`${odd}\n`);
        // A peer that is added comes after the last that is there, so before or after this line.
        const sorted = (of = '') => of.split('\n').toSorted();
        expect(sorted(changed?.replace(`    ${odd}\n`, ''))).toEqual(sorted(other));
      }),
    );
  });

  it('gives new peers what all others have, whatever the line says', () => {
    const made = text('peer a 10.0.0.1:3000', 'peer b 10.0.0.2:3000 ssl verify required', line);

    const changed = editPeersSection(made, 'p', { ...noChanges, add: [entry('c')] });

    expect(readPeersSection(made, 'p').lesson).toBeDefined();
    expect(changed).toBe(
      editPeersSection(made.replace(`    ${line}\n`, ''), 'p', {
        ...noChanges,
        add: [entry('c')],
      }).replace('\nbackend', `    ${line}\n\nbackend`),
    );
  });

  it('has a place for lessons', () => {
    const where = { sectionName: 'p', selfName: 'a', env: {} };

    expect(lessonPlaceOf(text(own, line), where)).toEqual({
      ...{ kind: 'leg', at: { host: '10.0.0.1', port: 3000 }, local: 'a', slot: 'lesson' },
      tables: 1,
    });
    expect(lessonPlaceOf(text(own), where)).toMatchObject({ kind: 'none', why: /no line/ });
    expect(lessonPlaceOf('', where)).toMatchObject({ kind: 'none', why: /no peers section/ });
    expect(lessonPlaceOf(text(own, `${line} ssl`), where)).toMatchObject({ why: /TLS/ });
  });
});

describe('renderHaproxyCfg with a line for lessons', () => {
  const render = (template: string, part = {}) =>
    renderHaproxyCfg(renderInput(template, { lesson: true, ...part }));

  it('writes it once, gives its own output, and it is no static peer', () => {
    const { text: made, staticPeers } = render('');

    expect(made.match(/lesson/g)).toHaveLength(1);
    expect(staticPeers).toEqual([]);
    expect(render(made).text).toBe(made);
    expect(render(made, { lesson: false }).text).toBe(made);
  });

  it('is as without it, but for the line', () => {
    const plain = render('', { lesson: false }).text;

    expect(plain).not.toContain('lesson');
    expect(render('').text.replace('    peer lesson 10.0.0.1:3000\n', '')).toBe(plain);
  });

  it('is refused where a replica has the name', () => {
    expect(() => render('', { members: [member('a'), member('lesson')] })).toThrow('another peer');
    expect(() => render('', { self: self('lesson'), members: [] })).toThrow('another peer');
  });
});
