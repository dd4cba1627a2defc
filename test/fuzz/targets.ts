import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { createHearer } from '../../src/aggregate/codec/hear.ts';
import { confirmed, differencesIn, type Told } from '../../src/cli/table-differences.ts';
import {
  blockDepths,
  directiveOf,
  findSections,
  splitLines,
  tokenize,
} from '../../src/config-text/config-text.ts';
import { editPeersSection, readPeersSection } from '../../src/config-text/peers-text.ts';
import { AppError } from '../../src/errors.ts';
import { hello } from '../../src/haproxy/hello.ts';
import { parseShowProc } from '../../src/haproxy/master.ts';
import { runningPeers } from '../../src/haproxy/running-peers.ts';
import { parseShowPeers } from '../../src/haproxy/show-peers.ts';
import { parseShowTable } from '../../src/haproxy/show-table.ts';
import { createSampler, sampleKeys } from '../../src/haproxy/table-sample.ts';
import { UnreadableLesson } from '../../src/lesson/definition.ts';
import { isDnsName, isHaproxyName, quoted } from '../../src/model/names.ts';
import { readRelaySection } from '../../src/modules/relay/section/read.ts';
import { renderRelayCfg } from '../../src/modules/relay/section/render.ts';
import { frames } from '../../src/modules/relay/wire/frames.ts';
import { parseStatus } from '../../src/telemetry/ask-status.ts';
import { headEnd, maxHeadBytes, parseHead } from '../../src/telemetry/request.ts';
import { statusSchema } from '../../src/telemetry/status-schema.ts';
import { play } from '../helpers/aggregate-play.ts';
import { anyMessages, bytesOf } from '../helpers/peer-messages.ts';
import { status as statusOf } from '../helpers/status.ts';
import { anyText, config, damaged, entry, name, recorded } from './inputs.ts';

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

const env = { HOSTNAME: 'web-1', X: '' };

const tokenizer = fc.property(fc.oneof(anyText, config), (text) => {
  must(splitLines(text).join('') === text, 'lines are not the text');
  for (const line of splitLines(text)) {
    let at = 0;
    for (const { text: word, start, end } of tokenize(line, env)) {
      must(!word.includes('[native code]'), 'a variable of nobody');
      must(start >= at && end > start && end <= line.length, 'words overlap');
      must(/^\s*$/.test(line.slice(at, start)), 'something between words is lost');
      at = end;
    }
    must(/^\s*(#|$)/.test(line.slice(at)), 'something behind the words is lost');
  }
  const lines = splitLines(text);
  must(blockDepths(lines).length === lines.length, 'a line has no depth');
  let last = 0;
  for (const { start, end } of findSections(lines)) {
    must(start >= last && end > start && end <= lines.length, 'sections overlap');
    last = end;
  }
});

const section = 'haproxy-peers';
const changes = fc.record({
  create: fc.boolean(),
  add: fc.uniqueArray(entry, { selector: (each) => each.name, maxLength: 3 }),
  update: fc.uniqueArray(entry, { selector: (each) => each.name, maxLength: 3 }),
  remove: fc.uniqueArray(entry, { selector: (each) => each.name, maxLength: 3 }),
});

const isEntry = (line: string): boolean => /^(peer|server)$/.test(tokenize(line)[0]?.text ?? '');

/** HAProxy refuses a file whose blocks of `.if` do not close, so what becomes of one does not matter. */
function closed(text: string): boolean {
  let depth = 0;
  for (const line of splitLines(text)) {
    const directive = directiveOf(line);
    if (directive === 'if') depth += 1;
    if (directive !== undefined && depth === 0) return false;
    if (directive === 'endif') depth -= 1;
  }
  return depth === 0;
}

const bare = (line: string): string => line.replace(/\r?\n$/, '');

const editor = fc.property(config.filter(closed), changes, (text, wanted) => {
  // Who is added, moved and removed is never the same one.
  const [added, moved] = [wanted.add, wanted.update].map(
    (all) => new Set(all.map((each) => each.name)),
  );
  const plan = {
    ...wanted,
    update: wanted.update.filter((each) => added?.has(each.name) !== true),
    remove: wanted.remove.filter((each) => !added?.has(each.name) && !moved?.has(each.name)),
  };
  let once: string;
  try {
    once = editPeersSection(text, section, plan, env);
  } catch (error) {
    if (error instanceof AppError) return;
    throw error;
  }
  must(
    editPeersSection(once, section, plan, env) === once,
    `twice is not once: ${JSON.stringify(once)}`,
  );
  const foreign = (whole: string) =>
    splitLines(whole)
      .filter((line) => !isEntry(line))
      .map(bare);
  const before = foreign(text);
  const after = foreign(once);
  const created =
    !readPeersSection(text, section, env).exists && readPeersSection(once, section, env).exists;
  must(
    JSON.stringify(created ? after.slice(0, before.length) : after) === JSON.stringify(before),
    `a line of somebody else changed: ${JSON.stringify(once)}`,
  );
  const { exists, entries } = readPeersSection(once, section, env);
  if (!exists) return;
  const names = new Set(entries.map((each) => each.name));
  for (const each of plan.add)
    must(names.has(each.name), `${each.name} was not added: ${JSON.stringify(once)}`);
});

/** HAProxy refuses a word above the first section, so what becomes of one does not matter. */
function inSections(text: string): boolean {
  const lines = splitLines(text);
  const above = lines.slice(0, findSections(lines)[0]?.start ?? lines.length);
  return above.every((line) => tokenize(line).length === 0);
}

const changedByRelay = /^(peer|server|bind|localpeer|stats)$/;

/** What `init --mode relay` makes of a file: itself again, with slots that are found, and every line of somebody else in its place. */
const relaySection = fc.property(
  config.filter((text) => closed(text) && inSections(text)),
  fc.integer({ min: 1, max: 4 }),
  (template, slots) => {
    const input = { template, sectionName: section, slots, port: 3000, env };
    const all = { ...input, adminSocket: '/run/admin.sock' };
    let text: string;
    try {
      text = renderRelayCfg(all).text;
    } catch (error) {
      if (error instanceof AppError) return;
      throw error;
    }
    must(renderRelayCfg({ ...all, template: text }).text === text, `not itself again: ${text}`);
    must(readRelaySection(text, section)?.slots.length === slots, `slots are lost: ${text}`);
    const foreign = (whole: string) =>
      splitLines(whole)
        .filter((line) => !changedByRelay.test(tokenize(line)[0]?.text ?? ''))
        .map(bare);
    const after = foreign(text);
    let at = 0;
    for (const line of foreign(template)) {
      at = after.indexOf(line, at) + 1;
      must(at > 0, `a line of somebody else is lost: ${JSON.stringify(line)} of ${text}`);
    }
  },
);

const names = fc.property(fc.oneof(anyText, name, damaged(['web-1', 'a.b'])), (text) => {
  if (isDnsName(text)) must(/^[a-z0-9.-]{1,253}$/.test(text) && isHaproxyName(text), 'no DNS name');
  if (isHaproxyName(text)) must(!/[^\w.:-]/.test(text) && text !== '', 'no name of HAProxy');
  must(/^"[ -~]*"$/.test(quoted(text)), 'not visible');
});

const goodStatus = JSON.stringify({
  ...{ name: 'a', address: '10.0.0.1', version: '1', startedAtMs: 1, ready: true, reasons: ['x'] },
  ...{ members: { synced: true, names: ['a'], notes: [] }, section: { name: 's', entries: 1 } },
  ...{
    resync: 'learned',
    haproxy: { version: '3.4', reloads: 1 },
    pending: null,
    lastChange: null,
  },
  peers: [
    { name: 'b', address: '10.0.0.2:1', local: false, established: true, lastStatus: 'ESTA' },
  ],
  tables: [{ name: 't', type: 'string', size: 1, used: 1, shared: true }],
  lastFailure: { atMs: 1, code: 'BUG' },
});

const status = fc.property(fc.oneof(damaged([goodStatus]), fc.json(), anyText), (text) => {
  const parsed = parseStatus(text);
  must(parsed === null || statusSchema.safeParse(parsed).success, 'no status');
});

const mark = fc.constantFrom(...' \t\r\n"\\[]{},:;=/.-ax', 'accept:', 'http://', 'GET ');

/** The same few letters again and again are read once, not once from each of them: the port and the loop wait meanwhile. */
const repeated = fc.property(
  fc.constantFrom('', '"', '{"name":"', 'GET ', 'GET / HTTP/1.1\r\naccept: x'),
  fc.array(mark, { minLength: 1, maxLength: 3 }),
  fc.constantFrom('', 'y', '"', 'y\r\n\r\n'),
  (before, marks, after) => {
    const piece = marks.join('');
    const text = (length: number): string => before + piece.repeat(length / piece.length) + after;
    const begun = performance.now();
    const head = text(maxHeadBytes);
    headEnd(head);
    for (let times = 0; times < 10; times++) parseHead(head);
    parseStatus(text(64 * 1024));
    must(performance.now() - begun < 1000, `slow: ${JSON.stringify([before, piece, after])}`);
  },
);

const showPeers = fc.property(
  damaged(recorded(/(alone|learned|pending|reloaded)\.txt$/)),
  damaged(recorded(/show-table\.txt$/)),
  (peersText, tableText) => {
    const tables = parseShowTable(tableText);
    for (const { size, used } of tables) {
      must(Number.isSafeInteger(size) && Number.isSafeInteger(used), 'no number of entries');
    }
    for (const state of parseShowPeers(peersText)) {
      must(['pending', 'learned', 'alone', 'unknown'].includes(state.resync), 'no resync');
      const running = runningPeers(peersText, tables, state.section);
      for (const { name: peer, behind = 0 } of running?.peers ?? []) {
        must(peer !== '' && Number.isSafeInteger(behind) && behind >= 0, `behind ${behind}`);
      }
      must(Number.isFinite(running?.entries ?? 0), 'no sum of entries');
    }
  },
);

const tableKey = fc.oneof(fc.stringMatching(/^[!-~]{0,12}$/), fc.constant('k\\ use\\=1\\ exp\\=2'));
const listing = fc
  .array(fc.tuple(tableKey, fc.nat(20_000)), { maxLength: 600 })
  .map((all) =>
    all
      .map(([key, exp]) => `0x55a78630d3d8: key=${key} use=0 exp=${exp} shard=0 gpc0=1\n`)
      .join(''),
  );
const damage = fc.record({ at: fc.nat(), text: anyText });

/** What a sample of a table has, whatever HAProxy lists and wherever the pieces end; and what follows from two of them. */
const tableSample = fc.property(
  fc.tuple(listing, listing),
  damage,
  fc.integer({ min: 1, max: 5000 }),
  (texts, { at, text }, piece) => {
    const told = texts.map((listed, index): Told => {
      const place = at % (listed.length + 1);
      const dump = `# table: t\n${listed.slice(0, place)}${index === 0 ? text : ''}${listed.slice(place)}\n`;
      const [sampler, whole] = [createSampler(), createSampler()];
      for (let from = 0; from < dump.length; from += piece)
        sampler.add(dump.slice(from, from + piece));
      whole.add(dump);
      const sample = sampler.sample(index === 0);
      must(JSON.stringify(sample) === JSON.stringify(whole.sample(index === 0)), 'pieces matter');
      const { keys, expiring, below, read } = sample;
      must(keys.length <= sampleKeys && keys.length <= read, 'more keys than there are');
      must(
        keys.every((key) => /^[0-9a-f]{6}$/.test(key) && (below === null || key < below)),
        'a key',
      );
      must(
        expiring.every((key) => keys.includes(key)),
        'expires, and is none of the keys',
      );
      const table = { name: 't', size: 1000, used: read, shared: true };
      const tables = [
        { ...table, sample: { atMs: 1, ...sample, keys: [...keys], expiring: [...expiring] } },
      ];
      return { name: `web-${index}`, status: statusOf(`web-${index}`, { tables }) };
    });
    const found = differencesIn(told);
    for (const { entries, missing, compared, replica, holder } of found) {
      must(Number.isSafeInteger(entries) && entries > 0, `lacks ${entries}`);
      must(missing.length <= compared && replica !== holder, 'more is missing than was compared');
    }
    must(confirmed(found, found).length === found.length, 'the same look does not confirm');
    must(differencesIn(told.slice(0, 1)).length === 0, 'one replica differs from itself');
  },
);

const showProc = fc.property(damaged(recorded(/show-proc\.txt$/)), (text) => {
  for (const { pid, reloads } of parseShowProc(text)) {
    must(Number.isFinite(pid) && Number.isFinite(reloads), 'no number');
  }
});

const outcomes = new Set(['known', 'busy', 'unknown-to-it', 'wrong-name', 'refused', 'no-answer']);
const answers = fc.array(
  fc.oneof(anyText, damaged(['200\n', '300\n', '503\n', '504\n', '200 ok\r\n', '\n200\n'])),
  { maxLength: 4 },
);

/** A sibling that answers the hello with whatever it likes, in pieces, and ends or does not. */
const helloAnswers = fc.asyncProperty(answers, fc.boolean(), async (pieces, ends) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    for (const piece of pieces) socket.write(piece);
    if (ends || !pieces.join('').includes('\n')) socket.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const outcome = await hello({
    address: '127.0.0.1',
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    ...{ siblingName: 'b', ownName: 'a', timeoutMs: 2000, signal: new AbortController().signal },
  });
  server.close();
  must(outcomes.has(outcome), `outcome ${outcome}`);
  const [first = ''] = pieces.join('').split('\n');
  if (outcome === 'known') must(first.startsWith('200'), `known by ${JSON.stringify(first)}`);
});

const lessons = ['2.6', '3.0', '3.4'].map((version) => {
  const { lesson } = JSON.parse(readFileSync(`test/golden/lesson/${version}.json`, 'utf8'));
  return Buffer.from(lesson, 'base64');
});
const changed = fc
  .record({
    lesson: fc.constantFrom(...lessons),
    changes: fc.array(fc.tuple(fc.nat(20_000), fc.integer({ min: 0, max: 255 })), {
      maxLength: 8,
    }),
  })
  .map(({ lesson, changes }) => {
    const bytes = Buffer.from(lesson);
    for (const [at, to] of changes) bytes[at % bytes.length] = to;
    return bytes;
  });

/** A session of HAProxy with anything in it: it is read, or refused by the one error there is. */
const peerMessages = fc.property(fc.oneof(changed, anyMessages.map(bytesOf)), (bytes) => {
  const hear = createHearer();
  try {
    for (const frame of frames(bytes)) {
      const heard = hear(bytes, frame, 0);
      if (heard.kind !== 'entry') continue;
      const { keyAt, keyEnd, end } = heard.entry;
      must(keyAt >= frame.body && keyAt <= keyEnd && keyEnd <= end, 'a key outside its entry');
      must(Number.isSafeInteger(heard.leftMs) && heard.leftMs >= 0, 'an expiry');
    }
  } catch (error) {
    if (!(error instanceof UnreadableLesson)) throw error;
  }
});

/** Counters that are summed while sidecars, HAProxys and links come and go: one run for each number. */
const sums = fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (run) => {
  const wrong = play(run);
  must(wrong === null, wrong ?? '');
});

/** Everything that reads what others have written, each with what must hold whatever that is. */
export const targets: Readonly<Record<string, fc.IRawProperty<unknown>>> = {
  tokenizer,
  editor,
  'relay-section': relaySection,
  names,
  status,
  repeated,
  'show-peers': showPeers,
  'table-sample': tableSample,
  'show-proc': showProc,
  hello: helloAnswers,
  'peer-messages': peerMessages,
  sums,
} as Readonly<Record<string, fc.IRawProperty<unknown>>>;
