import { command } from './socket.ts';

/** HAProxy reads a line of at most tune.bufsize, 16384 by default. */
const longestLine = 15_000;

/**
 * HAProxy does not say where a reply ends: some are followed by an empty line, some are empty, and in 2.6 some errors have no
 * empty line (2.6, 3.0 and 3.4 on a socket). This command stands before, between and behind them, and costs microseconds.
 */
const mark = 'show version';

/** A word of a command, so that HAProxy reads it as this word and nothing else (`cli_parse_request`, src/cli.c). */
export function commandWord(word: string): string {
  return word.replaceAll(/[\\ ;#"']/g, '\\$&');
}

function* batches(lines: readonly string[]): Generator<readonly string[]> {
  let batch: string[] = [];
  let length = 0;
  for (const line of lines) {
    const size = Buffer.byteLength(line) + mark.length + 2;
    if (batch.length > 0 && length + size > longestLine) {
      yield batch;
      batch = [];
      length = 0;
    }
    batch.push(line);
    length += size;
  }
  if (batch.length > 0) yield batch;
}

/** Replies of a batch; undefined: the text ended before it was whole. */
function repliesOf(text: string, count: number): readonly (string | undefined)[] {
  const version = /^\S[^\n]*/.exec(text)?.[0];
  const between = version === undefined ? [] : `\n${text}`.split(`\n${version}\n`);
  // Before the first mark is nothing, and what is behind the last one, or behind the last of a text that was cut off, is no reply.
  const whole = between.slice(1, -1);
  return Array.from({ length: count }, (_, index) => whole[index]?.trim());
}

/**
 * Commands in their order, as many at once as HAProxy takes. Their replies without space around them; undefined: it did not answer that
 * one any more, so it is not known whether it was carried out. Rejects as `command` does, with what comes before carried out.
 */
export async function askAll(
  path: string,
  lines: readonly string[],
  signal?: AbortSignal,
): Promise<readonly (string | undefined)[]> {
  const replies: (string | undefined)[] = [];
  for (const batch of batches(lines)) {
    const line = [mark, ...batch.flatMap((each) => [each, mark])].join(';');
    const text = await command(path, line, signal === undefined ? {} : { signal });
    replies.push(...repliesOf(text, batch.length));
  }
  return replies;
}
