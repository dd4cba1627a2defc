import { createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findSections, splitLines } from '../../../src/config-text/config-text.ts';
import { editPeersSection, readPeersSection } from '../../../src/config-text/peers-text.ts';
import { renderHaproxyCfg } from '../../../src/config-text/render.ts';
import { replaceCertificate } from '../../../src/haproxy/certificates.ts';
import { hello } from '../../../src/haproxy/hello.ts';
import { command } from '../../../src/haproxy/socket.ts';
import { noChanges } from '../../../src/model/changes.ts';
import { anyAddress, anyName } from '../../helpers/hostile.ts';
import { renderInput } from '../../helpers/render-input.ts';

const text = 'global\npeers p\n  peer a 10.0.0.1:3000\n  peer b 10.0.0.2:3000\nbackend x\n';
const hostile = fc.record({ name: anyName, address: anyAddress, port: fc.integer() });

function headers(of: string): readonly string[] {
  return findSections(splitLines(of)).map(({ keyword, name }) => `${keyword} ${name}`);
}

describe('an entry that is none', () => {
  it('is never written: the section has one line for each entry, and the file no section more', () => {
    fc.assert(
      fc.property(fc.array(hostile), fc.boolean(), (found, updates) => {
        const changes = updates
          ? { ...noChanges, update: found.map((each) => ({ ...each, name: 'b' })) }
          : { ...noChanges, add: found };
        let after = text;
        try {
          after = editPeersSection(text, 'p', changes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'PEER_REFUSED' });
          return;
        }
        expect(headers(after)).toEqual(headers(text));
        const names = updates ? [] : found.map(({ name }) => name);
        const { entries } = readPeersSection(after, 'p');
        expect(new Set(entries.map(({ name }) => name))).toEqual(new Set(['a', 'b', ...names]));
        expect(splitLines(after)).toHaveLength(splitLines(text).length + entries.length - 2);
      }),
    );
  });

  it('ends init before anything is written', () => {
    const bad = { name: 'c\nprogram p', address: '10.0.0.3' };
    for (const part of [
      { members: [{ ...bad, terminating: false }] },
      { members: [], expected: [{ ...bad, port: 1 }] },
      { members: [], self: bad },
      { members: [], self: { name: 'a', address: '10.0.0.1\n' } },
    ]) {
      expect(() => renderHaproxyCfg(renderInput(text, part))).toThrow(
        expect.objectContaining({ code: 'PEER_REFUSED' }),
      );
    }
  });

  it('is not said hello to', async () => {
    let heard = '';
    const server = createServer((socket) => {
      socket.on('data', (chunk) => {
        heard += chunk.toString();
      });
    }).listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const options = {
      address: '127.0.0.1',
      port,
      timeoutMs: 200,
      signal: AbortSignal.timeout(5000),
    };

    for (const part of [
      { siblingName: 'b\na 1 1\n', ownName: 'a' },
      { siblingName: 'b', ownName: 'a 1 1\nb' },
      { siblingName: 'b', ownName: 'a', address: 'localhost' },
    ]) {
      expect(await hello({ ...options, ...part })).toBe('no-answer');
    }
    server.close();
    expect(heard).toBe('');
  });
});

describe('a command for HAProxy', () => {
  it.each([
    ['two lines', 'show info\nshutdown sessions server x', undefined],
    ['a payload with an empty line', 'set ssl cert /x', 'PEM\n\nshow info'],
  ])('is not sent when it is %s', async (_, line, payload) => {
    await expect(
      command('/nowhere', line, payload === undefined ? {} : { payload }),
    ).rejects.toMatchObject({ code: 'BUG' });
  });

  it('is not sent with a certificate that holds more', async () => {
    await expect(
      replaceCertificate('/nowhere', 'cert', '/x.pem', 'PEM\n\ndisable frontend web\n'),
    ).rejects.toMatchObject({ code: 'BUG' });
    await expect(
      replaceCertificate('/nowhere', 'cert', '/x.pem\nshow info', 'PEM\n'),
    ).rejects.toMatchObject({ code: 'BUG' });
  });
});
