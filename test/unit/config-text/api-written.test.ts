import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { impliedDefaults, writtenByApi } from '../../../src/config-text/api-model.ts';

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

describe('a file that the api has written', () => {
  it('is known by its hash, until somebody edits it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), (text, more) => {
        const written = `# _md5hash=${md5(text)}\n${text}`;
        expect(writtenByApi(written)).toBe(true);
        expect(writtenByApi(`${written}${more}`)).toBe(false);
        expect(writtenByApi(text)).toBe(false);
      }),
    );
  });
});

describe('defaults', () => {
  const two = 'defaults\n  mode http\ndefaults\n  mode tcp\n';

  it('are implied where there are several and a proxy names none', () => {
    expect(impliedDefaults(`${two}backend b\n`)).toEqual([
      'line 5 (backend b) would be put under other defaults',
    ]);
  });

  it.each([
    ['one', 'defaults\n  mode http\nbackend b\n'],
    ['named ones', 'defaults x\ndefaults y\nbackend b from y\n'],
    ['no proxy', `${two}peers p\n`],
  ])('are not implied: %s', (_title, text) => {
    expect(impliedDefaults(text)).toEqual([]);
  });
});
