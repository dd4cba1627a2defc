import { describe, expect, it } from 'vitest';
import { parseDataplaneAddress } from '../../../src/dataplane/address.ts';

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
    expect(parseDataplaneAddress(text).base).toBe(base);
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
    'ftp://127.0.0.1:5555',
    'http://127.0.0.1:5555/v3',
    'http://127.0.0.1:99999',
    'unix:relative.sock',
    'unix:',
    '',
  ])('refuses %j', (text) => {
    expect(() => parseDataplaneAddress(text)).toThrow(
      expect.objectContaining({ name: 'UserError', code: 'DATAPLANE_ADDRESS' }),
    );
  });

  it('takes another host when that is allowed', () => {
    expect(parseDataplaneAddress('http://10.0.0.1:5555', true).base).toBe('http://10.0.0.1:5555');
  });

  it.each([
    'http://admin:hunter2@127.0.0.1:5555',
    'http://admin:hunter2@10.0.0.1:5555',
    'ftp://admin:hunter2@127.0.0.1',
    'admin:hunter2@127.0.0.1:5555',
  ])('refuses a password in the address and never repeats it: %#', (text) => {
    expect(() => parseDataplaneAddress(text)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});
