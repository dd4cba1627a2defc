import { describe, expect, it } from 'vitest';
import { headEnd, maxHeadBytes, parseHead } from '../../../src/telemetry/request.ts';

describe('parseHead', () => {
  it('joins the values of Accept, without the spaces around them', () => {
    const head = 'GET /metrics HTTP/1.1\r\nAccept: \t a;q=1 , b \t\r\nhost: x\r\naccept:c\r\n\r\n';

    expect(parseHead(head)?.accept).toBe('a;q=1 , b, c');
    expect(parseHead('GET / HTTP/1.0\r\naccept:\r\n\r\n')?.accept).toBe('');
    expect(parseHead('GET / HTTP/1.0\r\nnot-accept: x\r\n\r\n')?.accept).toBeUndefined();
  });

  // One of these a second would take a quarter of a core, and ten the probes.
  it.each([' ', '\t', '\r', ', ', ';q=', 'a ', '/', 'http://', '\r\r\n', 'accept: \r\n'])(
    'reads a head that is full of %j once',
    (piece) => {
      const filling = piece.repeat((maxHeadBytes - 60) / piece.length);
      const begun = performance.now();

      for (let times = 0; times < 20; times++) {
        for (const head of [
          `GET /livez HTTP/1.1\r\naccept: x${filling}y\r\n\r\n`,
          `GET /livez${filling}x HTTP/1.1\r\n\r\n`,
          `GET /livez HTTP/1.1${filling}x\r\n\r\n`,
          `${filling}GET /livez HTTP/1.1`,
        ]) {
          headEnd(head);
          parseHead(head);
        }
      }

      expect(performance.now() - begun).toBeLessThan(1000);
    },
  );
});
