import { describe, expect, it } from 'vitest';
import { readSelf } from '../../../src/sources/self.ts';

describe('readSelf', () => {
  it('is the name, the address and every address of the pod', () => {
    const self = readSelf({ podName: 'a', podIp: '10.0.0.1', podIps: '10.0.0.1,FD00:0::1' });

    expect(self).toEqual({
      name: 'a',
      podName: 'a',
      address: '10.0.0.1',
      addresses: ['10.0.0.1', 'fd00::1'],
    });
  });

  it('takes the first of POD_IPS where POD_IP is missing, which the API promises to be the same', () => {
    expect(readSelf({ podName: 'a', podIps: 'fd00::1,10.0.0.1' }).address).toBe('fd00::1');
  });

  it.each(['a', 'haproxy-7d9c.x', 'a'.repeat(63)])('accepts the pod name %s', (podName) => {
    expect(readSelf({ podName, podIp: '10.0.0.1' }).name).toBe(podName);
  });

  it('is called after the node when it has the address of the node', () => {
    const node = { name: 'node-1', ip: '192.168.0.1' };

    expect(readSelf({ podName: 'web', podIp: '192.168.0.1', node }).name).toBe('node-1');
    expect(readSelf({ podName: 'web', podIp: '10.0.0.1', node }).name).toBe('web');
  });

  it('names everything that is missing in one message', () => {
    expect(() => readSelf({ podName: ' ', podIp: '' })).toThrow(
      expect.objectContaining({
        code: 'SELF_UNKNOWN',
        message: expect.stringMatching(/POD_NAME is not set.*POD_IP is not set/),
        hint: expect.stringContaining('metadata.name'),
      }),
    );
  });

  it('names everything that is wrong in one message', () => {
    expect(() => readSelf({ podName: 'A b', podIp: '10.0.0', podIps: 'x' })).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/POD_NAME "A b".*POD_IP "10\.0\.0".*POD_IPS holds "x"/),
      }),
    );
  });
});
