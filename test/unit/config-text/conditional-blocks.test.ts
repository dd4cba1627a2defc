import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockDepths, findSections, splitLines } from '../../../src/config-text/config-text.ts';
import { editPeersSection } from '../../../src/config-text/peers-text.ts';
import { renderHaproxyCfg } from '../../../src/config-text/render.ts';
import { noChanges } from '../../../src/model/changes.ts';
import { entry } from '../../helpers/members.ts';
import { renderInput } from '../../helpers/render-input.ts';

/** For each line the conditions under which HAProxy reads it, outermost first. */
function guards(text: string): readonly { readonly line: string; readonly when: string }[] {
  const stack: string[] = [];
  return splitLines(text).map((line) => {
    const [word = ''] = line.trim().split(/\s+/);
    if (word === '.endif') stack.pop();
    const when = stack.join(' and ');
    if (word === '.if') stack.push(line.trim());
    if (word === '.else' || word === '.elif') stack.push(`not ${stack.pop()}`);
    return { line: line.trim(), when };
  });
}

const bodies: Readonly<Record<string, readonly string[]>> = {
  global: ['maxconn 100', 'localpeer a', 'stats socket /run/admin.sock level admin'],
  'userlist u': ['user admin password old', 'user other password x'],
  'peers p': ['peer a 10.0.0.9:3000', 'peer static 192.0.2.1:1024', 'table t type ip size 1k'],
  'backend x': ['server s 192.0.2.2:80', '# a comment', ''],
  'frontend y': ['bind :80'],
};

/** Ends a section with a block that holds the next header, under one of its conditions. */
const opened: ReadonlySet<string> = new Set(['', '.else', '.elif defined(E)']);

/** A section whose body has closed blocks. */
const section = fc
  .record({
    head: fc.constantFrom(...Object.keys(bodies)),
    size: fc.nat(3),
    blockAt: fc.nat(3),
    block: fc.constantFrom('none', 'if', 'if-else', 'empty'),
    wrap: fc.constantFrom('none', 'around', '', '.else', '.elif defined(E)', 'close'),
    tail: fc.constantFrom('', '\n', '# next\n'),
  })
  .map((part) => {
    const inner = (bodies[part.head] ?? []).slice(0, part.size).map((line) => `  ${line}\n`);
    const blocks = {
      none: '',
      if: '.if defined(B)\n  # in B\n.endif\n',
      'if-else': '.if defined(B)\n.else\n  # not B\n.endif\n',
      empty: '  .if defined(B)\n  .endif # B\n',
    };
    inner.splice(part.blockAt, 0, blocks[part.block]);
    return { ...part, text: `${part.head}\n${inner.join('')}${part.tail}` };
  });

const template = fc
  .uniqueArray(section, { selector: ({ head }) => head, maxLength: 5 })
  .map((all) => {
    let open = 0;
    const text = all.map((part) => {
      if (part.wrap === 'around') return `.if defined(A)\n${part.text}.endif\n`;
      if (opened.has(part.wrap)) {
        open += 1;
        return `${part.text}.if defined(O${open})\n${part.wrap}\n`;
      }
      if (part.wrap === 'close' && open > 0) {
        open -= 1;
        return `${part.text}.endif\n`;
      }
      return part.text;
    });
    return text.join('') + (open > 0 ? `backend z\n${'.endif\n'.repeat(open)}` : '');
  });

describe('conditional blocks', () => {
  it('are in force for what init writes exactly when they are for the header of its section', () => {
    fc.assert(
      fc.property(template, (text) => {
        const rendered = guards(renderHaproxyCfg(renderInput(text)).text);
        for (const head of ['peers p', 'userlist u', 'global']) {
          const at = rendered.findIndex(({ line }) => line === head);
          const next = rendered.findIndex(
            ({ line }, index) =>
              index > at && /^(global|userlist|peers|backend|frontend)\b/.test(line),
          );
          const written = rendered
            .slice(at + 1, next < 0 ? undefined : next)
            .filter(({ line }) =>
              /^(peer [ab] |user admin password \$6|localpeer a$|stats socket \/run)/.test(line),
            );
          for (const { line, when } of written) {
            expect({ line, when }).toEqual({ line, when: rendered[at]?.when });
          }
        }
        expect(rendered.map(({ line }) => line)).toContain('peer b 10.0.0.2:3000');
      }),
      { numRuns: 500 },
    );
  });

  it('lose no line to init but those of its own userlist, and keep what they guard', () => {
    const kept = (text: string) =>
      guards(text).filter(({ line }) => !/^$|^(localpeer|peer [ab]|user |stats socket)/.test(line));
    fc.assert(
      fc.property(template, (text) => {
        const after = kept(renderHaproxyCfg(renderInput(text)).text);
        let at = 0;
        for (const wanted of kept(text)) {
          // The body of our own userlist is replaced as a whole, blocks in it too.
          if (/defined\(B\)|in B|not B|^\.e(lse|ndif)/.test(wanted.line)) continue;
          at = after.findIndex(({ line, when }, index) => {
            return index >= at && line === wanted.line && when === wanted.when;
          });
          expect({ wanted, found: at >= 0 }).toEqual({ wanted, found: true });
        }
        expect(blockDepths(splitLines(renderHaproxyCfg(renderInput(text)).text)).at(-1) ?? 0).toBe(
          0,
        );
      }),
      { numRuns: 500 },
    );
  });

  it('end a section before the block that holds the next header, and behind a block of its own', () => {
    const text =
      'peers p\n  .if defined(X)\n  peer x 1.1.1.1:1\n  .endif\n.if defined(Y)\nbackend y\n.endif\n';

    expect(findSections(splitLines(text)).map(({ start, end }) => [start, end])).toEqual([
      [0, 4],
      [5, 6],
    ]);
    expect(editPeersSection(text, 'p', { ...noChanges, add: [entry('b')] })).toBe(
      'peers p\n  .if defined(X)\n  peer x 1.1.1.1:1\n  .endif\n  peer b 10.0.0.2:3000\n.if defined(Y)\nbackend y\n.endif\n',
    );
  });
});

describe('a global section with a condition', () => {
  const conditional = `global
  .if defined(X)
  localpeer foo
  .endif
  stats socket /run/admin.sock level admin
peers p
  peer "$HAPROXY_LOCALPEER" 127.0.0.1:3000
`;

  it('has a localpeer whatever the condition says', () => {
    const { text } = renderHaproxyCfg(renderInput(conditional));

    const named = guards(text).filter(({ line }) => line === 'localpeer a');
    expect(named.map(({ when }) => when)).toContain('');
    expect(text).toContain('  peer a 10.0.0.1:3000\n');
    expect(renderHaproxyCfg(renderInput(text)).text).toBe(text);
  });
});

it('puts localpeer and admin socket where no condition decides on them', () => {
  const template = '.if defined(X)\nglobal\n  localpeer x\n.endif\npeers p\n';

  const { text } = renderHaproxyCfg(renderInput(template));

  expect(guards(text).filter(({ line }) => /^(localpeer|stats socket)/.test(line))).toEqual([
    { line: 'localpeer a', when: '' },
    { line: expect.stringContaining('admin.sock'), when: '' },
    { line: 'localpeer a', when: '.if defined(X)' },
  ]);
  expect(renderHaproxyCfg(renderInput(text)).text).toBe(text);
});
