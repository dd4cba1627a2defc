import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/kubernetes/connection.ts';
import { listAll } from '../../../src/kubernetes/list.ts';
import { createPodSource, pods } from '../../../src/sources/kubernetes/pod-source.ts';
import type { Source } from '../../../src/sources/source.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { eventually } from '../../helpers/eventually.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';

type Answer = (response: ServerResponse, url: string) => void;

const pod = {
  metadata: { name: 'own', resourceVersion: '5' },
  status: { phase: 'Running', podIP: '10.0.0.1', podIPs: null },
};
const list = { metadata: { resourceVersion: '5' }, items: [pod] };

function json(value: unknown, status = 200, headers = {}): Answer {
  return (response) => response.writeHead(status, headers).end(JSON.stringify(value));
}

function lines(...texts: readonly string[]): Answer {
  return (response) => response.writeHead(200).end(`${texts.join('\n')}\n`);
}

/** Pages one after another; the token of the next one is made from a page's number. */
function pages(
  token: (page: number) => string,
  names: (page: number) => readonly string[] = () => ['own'],
): Answer {
  let page = 0;
  return (response) => {
    page += 1;
    const items = names(page).map((name) => ({ ...pod, metadata: { ...pod.metadata, name } }));
    json({ metadata: { resourceVersion: '5', continue: token(page) }, items })(response, '');
  };
}

// A fake, because no real API server gives these answers on request; a wrong proxy before one does.
describe('pod source before something that is no sound API server', () => {
  const directory = suiteFolder();
  let server: Server;
  let onList: Answer = json(list);
  let onWatch: Answer = (response) => response.writeHead(200).flushHeaders();
  let watches = 0;
  let source: Source;
  let connection: Connection;
  let controller: AbortController;
  let log: ReturnType<typeof capturedLog>;

  beforeAll(async () => {
    const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const args = ['req', '-x509', ...curve, '-keyout', key, '-out', cert, '-subj', '/CN=x'];
    execFileSync('openssl', args, { stdio: 'ignore' });
    const tls = { key: readFileSync(key), cert: readFileSync(cert) };
    server = createServer(tls, (request, response) => {
      const watching = request.url?.includes('watch=1') === true;
      if (watching) watches += 1;
      (watching ? onWatch : onList)(response, request.url ?? '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  beforeEach(() => {
    onList = json(list);
    onWatch = (response) => response.writeHead(200).flushHeaders();
    watches = 0;
    controller = new AbortController();
    log = capturedLog();
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    connection = {
      server: `https://127.0.0.1:${port}`,
      options: async () => ({ rejectUnauthorized: false }),
      close: () => undefined,
    };
    source = createPodSource({
      namespace: 'n',
      siblings: 'app=haproxy',
      self: { name: 'own', address: '10.0.0.1' },
      log: log.log,
      connect: async () => connection,
      backoff: { baseMs: 20, capMs: 40 },
    });
  });
  afterEach(async () => {
    controller.abort();
    await source.stopped();
  });

  async function noted(text: string): Promise<void> {
    await eventually(() => expect(source.snapshot().notes.join()).toContain(text));
  }

  it.each<{ what: string; answer: Answer; text: string }>([
    { what: 'a web page', answer: lines('<html>'), text: 'is not JSON' },
    { what: 'other JSON', answer: json({ items: 'no' }), text: 'is not a list of pods' },
    { what: 'a 404', answer: json({ message: 'what?' }, 404), text: '404 to list pods: what?' },
    { what: 'an empty 500', answer: (r) => r.writeHead(500).end(), text: 'answers 500' },
    {
      what: 'a cut body',
      answer: (r) => {
        r.writeHead(200, { 'content-length': 100 }).write('{"items"');
        r.destroy();
      },
      text: 'cannot be reached',
    },
    { what: 'the same page for ever', answer: pages(() => 'a'), text: 'repeats a continue token' },
    {
      what: 'two pages in turns',
      answer: pages((page) => 'ab'.at(page % 2) ?? ''),
      text: 'repeats a continue token',
    },
    {
      what: 'pages without end and without news',
      answer: pages((page) => String(page)),
      text: 'pages on end with nothing new',
    },
    {
      what: 'pods without end',
      answer: pages(String, (page) => Array.from({ length: 1000 }, (_, at) => `${page}-${at}`)),
      text: 'has more than 50000 objects',
    },
    {
      what: 'a page without end',
      answer: (r) => {
        r.writeHead(200);
        const more = () => void r.write(' '.repeat(1 << 20), (error) => error ?? more());
        more();
      },
      text: 'is longer than',
    },
  ])('is not synced by $what as list, and is once the answer is good', async ({ answer, text }) => {
    onList = answer;
    source.start(controller.signal);
    await noted(text);

    const before = source.snapshot();
    // As a real one, it knows no token of somebody else.
    onList = (response, url) =>
      (url.includes('continue=') ? json({ code: 410 }, 410) : json(list))(response, url);

    expect(before.synced).toBe(false);
    await eventually(() => source.snapshot().synced);
    await eventually(() => expect(source.snapshot().notes).toEqual([]));
  });

  it('gives up a list whose pages come in time and take too long together', async () => {
    const next = pages(String, (page) => [`pod-${page}`]);
    onList = (response) => void setTimeout(() => next(response, ''), 20);
    const list = listAll(connection, pods, {
      namespace: 'n',
      selector: 'app=haproxy',
      signal: controller.signal,
      answerMs: 5000,
      limits: { totalMs: 300 },
    });

    await expect(list).rejects.toMatchObject({
      code: 'KUBERNETES_UNREACHABLE',
      message: 'The API server did not answer within 300 ms to list pods',
    });
  });

  it.each<{ what: string; answer: Answer; text: string }>([
    { what: 'half a line', answer: lines('{"type":"ADD'), text: 'not JSON' },
    { what: 'no event', answer: lines('{"a":1}'), text: 'is no event' },
    {
      what: 'a pod without name',
      answer: lines('{"type":"ADDED","object":{"metadata":{"resourceVersion":"6"}}}'),
      text: 'event that is none of pods',
    },
    {
      what: 'an error event',
      answer: lines('{"type":"ERROR","object":{"code":500,"message":"boom"}}'),
      text: '500 to watch pods: boom',
    },
  ])('keeps what it knows when a watch gives $what', async ({ answer, text }) => {
    onWatch = answer;
    source.start(controller.signal);

    await eventually(() =>
      expect(log.lines.some(({ reason }) => String(reason).includes(text))).toBe(true),
    );

    expect(source.snapshot().synced).toBe(true);
    expect(source.snapshot().members).toHaveLength(1);
  });

  it('takes over an event split into single bytes', async () => {
    const gone = `{"type":"DELETED","object":${JSON.stringify(pod)}}\n`;
    onWatch = async (response) => {
      response.writeHead(200);
      for (const byte of gone) {
        await new Promise((resolve) => response.write(byte, resolve));
      }
    };
    source.start(controller.signal);

    await eventually(() => expect(source.snapshot().notes.join()).toContain('matches no pod'));
  });

  it('waits as long as it is asked to', async () => {
    onWatch = json({ message: 'slow down' }, 429, { 'retry-after': '5' });
    source.start(controller.signal);

    await noted('slow down');

    expect(log.lines.find(({ code }) => code === 'KUBERNETES_UNREACHABLE')?.retryInMs).toBe(5_000);
    expect(watches).toBe(1);
  });

  it('does not spin when every watch ends at once', async () => {
    onWatch = lines('');
    const startedAt = Date.now();
    source.start(controller.signal);

    await eventually(() => expect(watches).toBeGreaterThan(4));

    expect((Date.now() - startedAt) / watches).toBeGreaterThan(10);
  });
});
