import { describe, expect, it } from 'vitest';
import { pluginCall } from '../../../src/cli/plugin-call.ts';

describe('kubectl haproxy-peers', () => {
  it('asks all replicas where no pod is named', () => {
    expect(pluginCall(['status', '--selector', 'app=haproxy'])).toEqual({
      program: 'own',
      argv: ['status', '--all', '--selector', 'app=haproxy'],
    });
  });

  it.each([['--pod=edge-0'], ['--all'], ['--help'], ['-h']])(
    'leaves status %s as it is',
    (flag) => {
      expect(pluginCall(['status', flag])).toEqual({ program: 'own', argv: ['status', flag] });
    },
  );

  it('runs doctor in the pod, where the files and sockets are', () => {
    expect(pluginCall(['doctor', 'deployment/haproxy'])).toEqual({
      program: 'kubectl',
      argv: [
        ...['exec', 'deployment/haproxy', '-c', 'haproxy-peer-sync', '--'],
        ...['haproxy-peer-sync', 'doctor'],
      ],
    });
  });

  it('gives kubectl the flags that say where, and doctor the others', () => {
    const argv = ['doctor', '-n', 'edge', '--context=east', 'edge-0', '-c', 'sync', '--json'];

    expect(pluginCall(argv)).toEqual({
      program: 'kubectl',
      argv: [
        ...['exec', '-n', 'edge', '--context', 'east', 'edge-0', '-c', 'sync', '--'],
        ...['haproxy-peer-sync', 'doctor', '--json'],
      ],
    });
  });

  it('wants a pod for doctor', () => {
    expect(pluginCall(['doctor', '-n', 'edge'])).toMatchObject({ program: 'text', exitCode: 2 });
  });

  it.each([
    [[], 0],
    [['--help'], 0],
    [['doctor', '--help'], 0],
    [['run'], 2],
    [['-n', 'edge', 'status'], 2],
  ])('shows how it is used for %j', (argv, exitCode) => {
    const call = pluginCall(argv);

    expect(call).toMatchObject({ program: 'text', exitCode });
    expect(call).toHaveProperty('text', expect.stringContaining('kubectl haproxy-peers doctor'));
  });

  it('tells its version', () => {
    expect(pluginCall(['version'])).toEqual({ program: 'own', argv: ['--version'] });
  });
});
