import { describe, expect, it } from 'vitest';
import { containerLines } from '../../../src/config-text/container-lines.ts';

const input = { uid: 65532, directories: new Set(['/var/run/haproxy', '/etc/haproxy']) };

describe('lines that a container does not take', () => {
  it('are told with their number, as they stand there', () => {
    const text =
      'global\n  maxconn 100\n  chroot /var/lib/haproxy # jail\n\nglobal\n\tuser "haproxy"\n';

    expect(containerLines(text, input)).toEqual([
      {
        line: 3,
        text: 'chroot /var/lib/haproxy # jail',
        why: expect.stringContaining('only root'),
      },
      { line: 6, text: 'user "haproxy"', why: expect.stringContaining('securityContext') },
    ]);
  });

  it('are only those of global sections', () => {
    expect(containerLines('userlist u\n  user a password b\n  group g\n', input)).toEqual([]);
    expect(containerLines('# user haproxy\nglobal\n  # chroot /x\n', input)).toEqual([]);
  });

  it('are fewer for root', () => {
    const text =
      'global\n  user haproxy\n  chroot /x\n  daemon\n  stats socket /nowhere/x user a\n';

    expect(containerLines(text, { ...input, uid: 0 }).map(({ line }) => line)).toEqual([4, 5]);
  });
});
