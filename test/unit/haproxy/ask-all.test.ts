import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askAll, commandWord } from '../../../src/haproxy/ask-all.ts';
import { testFolder } from '../../helpers/test-folder.ts';

/** A fake, because a real HAProxy is not cut off on demand: it answers each line with `reply`, and closes. */
async function fakeHaproxy(reply: (line: string) => string) {
  const path = join(testFolder(), 'admin.sock');
  const lines: string[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('end', () => {
      lines.push(text.trimEnd());
      socket.end(reply(text.trimEnd()));
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return { path, lines };
}

const version = '3.4.0-64a335366\n\n';
const answer = (line: string) =>
  line
    .split(';')
    .map((each) =>
      each === 'show version'
        ? version
        : each.startsWith('add')
          ? 'New server registered.\n\n'
          : '\n',
    )
    .join('');

describe('many commands at once', () => {
  it('have their replies, and are no more than HAProxy reads at once', async () => {
    const { path, lines } = await fakeHaproxy(answer);
    const commands = Array.from({ length: 700 }, (_, index) =>
      index % 2 === 0
        ? `add server be/app-${index} 10.0.0.1:80 id ${index}`
        : `enable server be/app-${index}`,
    );

    const replies = await askAll(path, commands);

    expect(replies).toEqual(
      commands.map((_, index) => (index % 2 === 0 ? 'New server registered.' : '')),
    );
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThan(16_000);
    const sent = lines.flatMap((line) => line.split(';')).filter((each) => each !== 'show version');
    expect(sent).toEqual(commands);
  });

  it('ask for nothing where there are none', async () => {
    const { path, lines } = await fakeHaproxy(answer);

    expect(await askAll(path, [])).toEqual([]);
    expect(lines).toEqual([]);
  });

  it('have no reply that is not whole, wherever the text was cut off', async () => {
    const commands = [
      'add server be/a 10.0.0.1:80',
      'enable server be/a',
      'add server be/b 10.0.0.2:80',
    ];
    const whole = answer(
      ['show version', ...commands.flatMap((each) => [each, 'show version'])].join(';'),
    );
    let length = 0;
    const { path } = await fakeHaproxy(() => whole.slice(0, length));
    const right = ['New server registered.', '', 'New server registered.'];

    for (length = 0; length < whole.length; length += 1)
      for (const [index, reply] of (await askAll(path, commands)).entries())
        if (reply !== undefined) expect(reply, `${length}`).toBe(right[index]);
    expect(await askAll(path, commands)).toEqual(right);
  });

  it('say that nothing is known where the answer is something else', async () => {
    const { path } = await fakeHaproxy(() => 'Permission denied\n');

    expect(await askAll(path, ['del server be/a'])).toEqual([undefined]);
  });
});

describe('a word', () => {
  it.each([
    ['plain', 'plain'],
    ['fd00::1', 'fd00::1'],
    ['a b;c', 'a\\ b\\;c'],
    ['a\\b', 'a\\\\b'],
  ])('%s is %s in a command', (word, text) => {
    expect(commandWord(word)).toBe(text);
  });
});
