import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findSections, splitLines, tokenize } from '../../../../../src/config-text/config-text.ts';
import { UserError } from '../../../../../src/errors.ts';
import { readRelaySection } from '../../../../../src/modules/relay/section/read.ts';
import {
  type RelayInput,
  renderRelayCfg,
} from '../../../../../src/modules/relay/section/render.ts';
import { randomConfig } from '../../../../helpers/haproxy-grammar.ts';
import { relayInput } from '../../../../helpers/relay-input.ts';

const recorded = new URL('../../../../golden/relay/', import.meta.url);
const shared = new URL('../../../../golden/render/', import.meta.url);

const cases = [recorded, shared].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.in.cfg'))
    .map((file) => [file, new URL(file, folder)] as const),
);

/** The text, or why there is none. */
function told(input: RelayInput): string {
  try {
    const { text, warnings } = renderRelayCfg(input);
    return `${warnings.map((warning) => `# warning: ${warning}\n`).join('')}${text}`;
  } catch (error) {
    if (error instanceof UserError) return `# refused: ${error.message}\n`;
    throw error;
  }
}

const ours = /^\s*(# Nobody but the sidecar|(peer|server|bind|localpeer|stats socket)\b)/;

/** Lines of global and peers sections that it may change. */
function changeable(text: string): ReadonlySet<number> {
  const lines = splitLines(text);
  const indexes = findSections(lines)
    .filter(({ keyword }) => keyword === 'global' || keyword === 'peers')
    .flatMap(({ start, end }) => Array.from({ length: end - start }, (_, at) => start + at));
  return new Set(indexes.filter((index) => ours.test(lines[index] ?? '')));
}

/** Every other line is there byte for byte, in its order. */
function keepsTheRest(template: string, text: string): void {
  const may = changeable(template);
  const foreign = splitLines(template).filter((_, index) => !may.has(index));
  const lines = splitLines(text);
  let at = 0;
  for (const [index, line] of foreign.entries()) {
    // Something may follow what was the last line of a file that ends without a line end.
    const found = lines.findIndex(
      (each, place) => place >= at && (each === line || each.replace(/\r?\n$/, '') === line),
    );
    expect(found, `line ${index + 1}: ${line}`).toBeGreaterThanOrEqual(at);
    at = found + 1;
  }
}

describe('renderRelayCfg', () => {
  it.each(cases)('renders %s as recorded, and its own output to itself', (file, from) => {
    const out = new URL(file.replace('.in.', '.out.'), recorded);
    const template = readFileSync(from, 'utf8');

    const text = told(relayInput(template));

    if (process.env.UPDATE === '1' || !existsSync(out)) writeFileSync(out, text);
    expect(text).toBe(readFileSync(out, 'utf8'));
    if (text.startsWith('# refused')) return;
    const rendered = renderRelayCfg(relayInput(template)).text;
    expect(renderRelayCfg(relayInput(rendered)).text).toBe(rendered);
    keepsTheRest(template, rendered);
  });

  it('has no orphaned golden file', () => {
    for (const file of readdirSync(recorded))
      expect(cases.map(([name]) => name)).toContain(file.replace('.out.', '.in.'));
  });

  it('keeps every other line of any template, and is the same in every pod', () => {
    const peers = fc.constantFrom(
      '',
      'peers haproxy-peers\n',
      'peers haproxy-peers\n  # mine\n  peer "$HOSTNAME" 0.0.0.0:3000\n  table t type ip size 1k\n',
      'peers haproxy-peers\n  .if defined(X)\n  bind :1\n  .endif\n  server "$POD_NAME"\n  log global\n',
      '\tpeers haproxy-peers # ours\r\n\tbind :3000\r\n\r\n\tserver "${HOSTNAME}"\r\n',
      'peers haproxy-peers\n  peer "${UNKNOWN}" :3000',
    );
    const global = fc.constantFrom('', 'global\n  localpeer x\n', 'global\n  user haproxy\n');
    fc.assert(
      fc.property(
        randomConfig(true),
        peers,
        global,
        fc.integer({ min: 1, max: 70 }),
        (config, section, more, slots) => {
          const template = `global\n${config.global}${more}${section}\n${config.rest}`;
          const input = relayInput(template, { slots });

          const { text } = renderRelayCfg(input);

          keepsTheRest(template, text);
          expect(renderRelayCfg({ ...input, template: text })).toEqual({
            text,
            warnings: expect.any(Array),
          });
          const other = renderRelayCfg({
            ...input,
            env: { HOSTNAME: 'b', POD_NAME: 'b' },
          });
          expect(other.text).toBe(text);
          expect(readRelaySection(text, 'haproxy-peers')).toMatchObject({
            slots: Array.from({ length: slots }, (_, index) => `s${index + 1}`),
            hasLesson: true,
          });
          const head = splitLines(text).findLastIndex(
            (line) => tokenize(line)[0]?.text === 'localpeer',
          );
          expect(tokenize(splitLines(text)[head] ?? '')[1]?.text).toBe('self');
        },
      ),
      { numRuns: 200 },
    );
  });

  it('takes fewer and more slots over', () => {
    const { text } = renderRelayCfg(relayInput('', { slots: 64 }));

    for (const slots of [1, 64, 512]) {
      const input = relayInput(text, { slots });
      expect(readRelaySection(renderRelayCfg(input).text, 'haproxy-peers')?.slots).toHaveLength(
        slots,
      );
    }
  });

  it.each([
    ['chroot /jail', '127.0.0.1:3000'],
    ['user haproxy', '127.0.0.1:3000'],
    ['uid 99', '127.0.0.1:3000'],
    ['unix-bind prefix /run mode 600', '127.0.0.1:3000'],
    ['.if defined(X)\n  chroot /jail\n  .endif', '127.0.0.1:3000'],
    ['# chroot /jail', 'unix@/var/run/haproxy/peers.sock mode 600'],
    ['unix-bind mode 600', 'unix@/var/run/haproxy/peers.sock mode 600'],
    ['user root', 'unix@/var/run/haproxy/peers.sock mode 600'],
    ['group haproxy', 'unix@/var/run/haproxy/peers.sock mode 600'],
  ])('with %s listens on %s', (line, address) => {
    const { text, warnings } = renderRelayCfg(relayInput(`global\n  maxconn 10\n  ${line}\n`));

    expect(text).toContain(`\n    bind ${address}\n    server self\n    server s1 `);
    const number = line.startsWith('.if') ? 4 : 3;
    expect(warnings).toEqual(
      address.startsWith('unix') ? [] : [expect.stringContaining(`line ${number}: "`)],
    );
  });

  it('refuses a section that a condition decides on', () => {
    const template = '.if defined(X)\npeers haproxy-peers\n  log global\n.endif\n';

    expect(() => renderRelayCfg(relayInput(template))).toThrow('line 2: the section is in a cond');
  });

  it('is called self whatever a condition says', () => {
    const template = '.if defined(X)\nglobal\n  localpeer x\n  maxconn 10\n.endif\n';

    expect(renderRelayCfg(relayInput(template)).text).toContain(
      'global\n    localpeer self\n    stats socket ',
    );
  });

  it('refuses what is no name of a section, and no path', () => {
    expect(() => renderRelayCfg(relayInput('', { sectionName: 'a b' }))).toThrow('peers section');
    expect(() => renderRelayCfg(relayInput('', { adminSocket: '/a b' }))).toThrow('admin socket');
  });
});
