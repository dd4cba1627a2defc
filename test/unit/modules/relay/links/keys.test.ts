import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../../../src/errors.ts';
import { createKeyring } from '../../../../../src/modules/relay/links/keyring.ts';
import { parseKeys, readKeyFile } from '../../../../../src/modules/relay/links/keys.ts';
import { testFolder } from '../../../../helpers/test-folder.ts';

const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 5));
const hex = bytes.toString('hex');
const base64 = bytes.toString('base64');
const text = 'a passphrase that has 32 letters';

describe('a key', () => {
  it.each([
    ['hex', hex],
    ['hex in capitals', hex.toUpperCase()],
    ['base64', base64],
    ['base64 with space around and a Windows line end', `  ${base64} \r`],
  ])('may be %s', (_, line) => {
    expect(parseKeys(`${line}\n`)).toEqual({ keys: [bytes], problems: [] });
  });

  it.each([text, 'hex of 16 bytes: the text itself!', hex.slice(0, 32)])(
    'may be text: %s',
    (line) => {
      expect(parseKeys(line)).toEqual({ keys: [Buffer.from(line)], problems: [] });
    },
  );

  it('may have an earlier one beside it', () => {
    expect(parseKeys(`${base64}\n\n${text}\n`).keys).toEqual([bytes, Buffer.from(text)]);
  });

  it('has all its problems told at once, and is never shown', () => {
    const { problems } = parseKeys(
      `short secret\n${'abcabc'.repeat(9)}\n${text}\n${'x'.repeat(301)}`,
    );

    expect(problems).toEqual([
      'line 1 has 12 characters: at least 32, or hex or base64 of 32 bytes',
      'line 2 repeats a few characters: that is no secret',
      'line 4 stands for 301 bytes: at most 256',
      'it holds 4 keys: at most 2, the new one and the old one',
    ]);
    expect(parseKeys(`${hex}\n${base64}`).problems).toEqual(['both keys are the same']);
    expect(parseKeys('\n \n').problems).toEqual(['it holds no key']);
  });
});

describe('a key file', () => {
  it('is read, with a warning where everybody can', async () => {
    const path = join(testFolder(), 'key');
    await writeFile(path, `${base64}\n`);
    await chmod(path, 0o440);
    expect(await readKeyFile(path)).toEqual({ keys: [bytes], warnings: [] });
    await chmod(path, 0o644);

    expect((await readKeyFile(path)).warnings.join()).toMatch(/has mode 0644/);
  });

  it('is refused with its path and every problem where it is none', async () => {
    const folder = testFolder();
    const path = join(folder, 'key');
    await writeFile(path, 'short\nshort as well');
    const error = await readKeyFile(path).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toMatch(/key cannot be used: line 1 has 5 .*; line 2 has 13 /);
    await writeFile(path, 'x'.repeat(5000));
    await expect(readKeyFile(path)).rejects.toThrow(/has 5000 bytes: at most 4096/);
    await expect(readKeyFile(folder)).rejects.toThrow(/no regular file/);
    await expect(readKeyFile(join(folder, 'none'))).rejects.toMatchObject({
      code: 'RELAY_KEY_INVALID',
    });
  });
});

describe('the keys in force', () => {
  const other = Buffer.from(text);

  function ring(read: () => Promise<readonly Buffer[]>) {
    const clock = { nowMs: 0 };
    const troubles: string[] = [];
    const trouble = (why: string) => troubles.push(why);
    return { clock, troubles, keys: createKeyring({ read, now: () => clock.nowMs, trouble }) };
  }

  it('are read once for many handshakes in one moment, and again later', async () => {
    let reads = 0;
    const { keys, clock } = ring(async () => {
      reads += 1;
      return [reads === 1 ? bytes : other];
    });
    const [first, second] = await Promise.all([keys(), keys()]);
    expect(first).toBe(second);
    expect(first[0]?.secret).toBe(bytes);
    clock.nowMs += 1000;

    expect((await keys())[0]?.secret).toBe(other);
    expect(reads).toBe(2);
  });

  it('stay when they cannot be read, are none any more, or do not come', async () => {
    const answers = [
      () => Promise.resolve([bytes]),
      () => Promise.reject(new Error('gone')),
      () => Promise.resolve([]),
      () => new Promise<never>(() => {}),
    ];
    const { keys, clock, troubles } = ring(() =>
      (answers.shift() ?? (() => Promise.resolve([])))(),
    );
    for (let round = 0; round < 4; round++) {
      expect((await keys()).map(({ secret }) => secret)).toEqual([bytes]);
      clock.nowMs += 1000;
    }

    expect(troubles).toEqual(['gone', 'there is no key', 'not read within 2000 ms']);
  });
});
