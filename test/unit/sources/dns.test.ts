import { afterEach, describe, expect, it } from 'vitest';
import { createDnsSource, type Resolve, resolveWith } from '../../../src/sources/dns.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { eventually } from '../../helpers/eventually.ts';

const self = { name: 'peer-10-0-0-1', address: '10.0.0.1' };
const controllers: AbortController[] = [];
afterEach(() => {
  for (const controller of controllers.splice(0)) controller.abort();
});

/** The failures are those that a real server does not give on demand. */
function started(resolve: Resolve) {
  const captured = capturedLog();
  const controller = new AbortController();
  controllers.push(controller);
  const source = createDnsSource({
    name: 'haproxy',
    self,
    log: captured.log,
    intervalMs: 5,
    resolve,
  });
  source.start(controller.signal);
  return { source, captured, controller };
}

describe('the DNS source', () => {
  it('says a trouble once, however long it lasts, and its end', async () => {
    let failing = true;
    const { source, captured } = started(async () => {
      if (failing)
        throw Object.assign(new Error('queryA ESERVFAIL haproxy'), { code: 'ESERVFAIL' });
      return ['10.0.0.1'];
    });
    await eventually(() => expect(source.snapshot().notes.join()).toContain('DNS_UNREACHABLE'));

    failing = false;
    await eventually(() => expect(source.snapshot().synced).toBe(true));

    const lines = captured.lines.map(({ msg }) => msg);
    expect(lines).toEqual(['members unknown', 'DNS answers again']);
  });

  it('knows nobody, and not itself, where the name does not exist', async () => {
    const { source } = started(async () => []);

    await eventually(() => expect(source.snapshot().synced).toBe(true));

    expect(source.snapshot().members).toEqual([]);
    expect(source.snapshot().notes.join()).toContain('not even the address of this pod');
  });

  it('ends at once while a server keeps it waiting', async () => {
    const { source, controller } = started(() => new Promise(() => {}));

    controller.abort();

    await expect(source.stopped()).resolves.toBeUndefined();
  });

  it('asks the system where no server is given', async () => {
    const resolve = resolveWith([]);

    expect(await resolve('localhost', 4)).toContain('127.0.0.1');
    expect(await resolve('nobody.invalid', 4).catch(() => [])).toEqual([]);
  });
});
