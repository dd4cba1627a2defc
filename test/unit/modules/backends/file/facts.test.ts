import { describe, expect, it } from 'vitest';
import { factsOf, readFacts } from '../../../../../src/modules/backends/file/facts.ts';

const options = { env: {}, params: ['maxconn', '50'], version: [3, 4, 0] } as const;

function facts(text: string) {
  return factsOf(text, 'be_app', options);
}

describe('what haproxy.cfg says to who gives servers', () => {
  it('is the words of default-server, and then those of --server-params', () => {
    expect(
      facts(
        'defaults\n  default-server inter 2s\nbackend be_app\n  balance leastconn\n  default-server check\n',
      ),
    ).toEqual({
      params: ['inter', '2s', 'check', 'maxconn', '50'],
      balance: 'leastconn',
      refuses: null,
    });
  });

  it('is nothing where it has no such backend, which the worker says', () => {
    expect(facts('backend other\n')).toEqual({
      ...{ params: ['maxconn', '50'], balance: null, refuses: null },
    });
  });

  it.each([
    ['  balance static-rr\n', '"balance static-rr" takes no server at run time'],
    ['  balance source\n', 'only with "hash-type consistent"'],
    ['  default-server disabled\n', '"disabled" of default-server is for all servers'],
    ['  default-server inter "$UNSET"\n', 'has a variable that is not set here'],
    ['  default-server nonsense\n', 'has "nonsense", which is not known here'],
  ])('refuses with %j', (line, why) => {
    const { refuses } = facts(`backend be_app\n${line}`);

    expect(refuses).toContain('haproxy.cfg, backend be_app: ');
    expect(refuses).toContain(why);
  });

  it('does not refuse a hash that is consistent', () => {
    expect(facts('backend be_app\n  balance source\n  hash-type consistent\n').refuses).toBeNull();
  });
});

describe('a haproxy.cfg that cannot be read', () => {
  it('refuses, because its words are not known, and does so until it can be read again', async () => {
    let text: string | null = 'backend be_app\n  default-server check\n';
    const read = async () => {
      if (text === null) throw new Error('no permission');
      return text;
    };
    const asked = () => readFacts(read, 'be_app', options);

    expect(await asked()).toMatchObject({ refuses: null, params: ['check', 'maxconn', '50'] });
    text = null;
    expect(await asked()).toEqual({
      params: [],
      balance: null,
      refuses:
        'haproxy.cfg cannot be read, so what default-server says is not known: no permission',
    });
    text = 'backend be_app\n';
    expect(await asked()).toMatchObject({ refuses: null, params: ['maxconn', '50'] });
  });
});
