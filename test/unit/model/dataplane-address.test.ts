import { describe, expect, it } from 'vitest';
import { parseDataplaneAddress } from '../../../src/model/dataplane-address.ts';
import { addressOf } from '../../helpers/dataplane-address.ts';

describe('parseDataplaneAddress', () => {
  it.each([
    ['http://127.0.0.1:5555', 'http://127.0.0.1:5555'],
    ['http://127.0.0.1:5555/', 'http://127.0.0.1:5555'],
    ['http://127.3.2.1:80', 'http://127.3.2.1'],
    ['http://[::1]:5555', 'http://[::1]:5555'],
    ['http://localhost:5555', 'http://localhost:5555'],
    ['127.0.0.1:5555', 'http://127.0.0.1:5555'],
    ['[::1]:5555', 'http://[::1]:5555'],
    [' localhost:5555 ', 'http://localhost:5555'],
    ['unix:/var/run/haproxy/dataplane.sock', 'http://unix:/var/run/haproxy/dataplane.sock:'],
    ['unix:///var/run/dataplane.sock', 'http://unix:/var/run/dataplane.sock:'],
  ])('takes %s', (text, base) => {
    expect(addressOf(text)).toMatchObject({ base, isLocal: true });
  });

  it.each([
    'http://10.0.0.1:5555',
    'http://dataplane:5555',
    'http://127.0.0.1.example.com:5555',
    'http://localhost.example.com:5555',
    'http://0.0.0.0:5555',
    'http://[::]:5555',
    'http://[fd00::1]:5555',
    '10.0.0.1:5555',
  ])('knows that %s is not on the loopback', (text) => {
    expect(addressOf(text).isLocal).toBe(false);
  });

  it.each([
    'ftp://127.0.0.1:5555',
    'http://127.0.0.1:5555/v3',
    'http://127.0.0.1:99999',
    'unix:relative.sock',
    // A URL spells these otherwise, or takes them for a host.
    'unix:/run/a b.sock',
    'unix:/run/a?b',
    'unix:/run/a%20b',
    "unix:/run/a'b",
    'http://$(id):5555',
    "http://a'b:5555",
    'unix:',
    '',
  ])('refuses %j', (text) => {
    expect(parseDataplaneAddress(text)).toHaveProperty('problem');
  });

  it('says nothing to a terminal but what can be seen', () => {
    const parsed = parseDataplaneAddress('unix:\u001b]0;x\u0007\n');

    expect(parsed).toHaveProperty('problem', expect.stringMatching(/^[ -~]+$/));
  });

  it.each([
    ['http://127.0.0.1:5556', { host: '127.0.0.1', port: 5556 }],
    ['http://[::1]:5555', { host: '::1', port: 5555 }],
    ['http://127.0.0.1', { host: '127.0.0.1', port: 80 }],
    ['unix:/run/api.sock', { socket: '/run/api.sock' }],
  ])('knows where an API that is found at %s listens', (text, listen) => {
    expect(addressOf(text).listen).toEqual(listen);
  });

  it.each([
    'http://admin:hunter2@127.0.0.1:5555',
    'http://admin:hunter2@10.0.0.1:5555',
    'ftp://admin:hunter2@127.0.0.1',
    'admin:hunter2@127.0.0.1:5555',
  ])('refuses a password in the address and never repeats it: %#', (text) => {
    const parsed = parseDataplaneAddress(text);

    expect(parsed).toHaveProperty('problem');
    expect(JSON.stringify(parsed)).not.toContain('hunter2');
  });
});
