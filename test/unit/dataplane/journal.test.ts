import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createJournal } from '../../../src/dataplane/journal.ts';
import { createLog } from '../../../src/log.ts';
import { testFolder } from '../../helpers/test-folder.ts';

let directory: string;
const log = createLog('silent');

beforeEach(() => {
  directory = testFolder();
});
afterEach(() => {
  chmodSync(directory, 0o700);
});

describe('journal', () => {
  it('tells the next process what was open', async () => {
    const killed = createJournal(directory, log);
    await killed.load();
    await killed.began('t1');
    await killed.setReloadDue(true);

    const next = createJournal(directory, log);
    await next.load();

    expect(next.open()).toEqual(['t1']);
    expect(next.reloadDue()).toBe(true);
  });

  it('is never read half written: the process may be killed in it', async () => {
    const journal = createJournal(directory, log);
    await journal.began('first');
    const [file] = readdirSync(directory);
    let writing = true;
    const written = (async () => {
      for (let count = 0; count < 300; count++) await journal.began(`t${count}`);
      writing = false;
    })();

    let torn = 0;
    while (writing) {
      if (!/\}\n$/.test(readFileSync(join(directory, file ?? ''), 'utf8'))) torn += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await written;

    expect(torn).toBe(0);
  });

  it('leaves no file when nothing is open', async () => {
    const journal = createJournal(directory, log);
    await journal.began('t1');
    await journal.ended('t1');

    expect(readdirSync(directory)).toEqual([]);
  });

  it.each(['', '{', '[]', '{"open":1}'])('takes the file %j for an empty one', async (text) => {
    const journal = createJournal(directory, log);
    await journal.began('t1');
    const [file] = readdirSync(directory);
    writeFileSync(join(directory, file ?? ''), text);
    const next = createJournal(directory, log);

    await next.load();

    expect(next.open()).toEqual([]);
  });

  it('goes on without the file where the directory cannot be made', async () => {
    const blocked = join(directory, 'file');
    writeFileSync(blocked, '');
    const journal = createJournal(join(blocked, 'below'), log);

    await journal.load();
    await journal.began('t1');

    expect(journal.open()).toEqual(['t1']);
    expect(existsSync(join(blocked, 'below'))).toBe(false);
  });
});
