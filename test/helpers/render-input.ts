import type { RenderInput } from '../../src/config-text/render.ts';
import { member, self } from './members.ts';

/** What `init` of pod a, with its sibling b, makes haproxy.cfg of. */
export function renderInput(template: string, part: Partial<RenderInput> = {}): RenderInput {
  return {
    template,
    self: self('a'),
    members: [member('a'), member('b')],
    sectionName: 'p',
    port: 3000,
    user: 'admin',
    userlist: 'dataplaneapi',
    passwordHash: '$6$salt$hash',
    password: 'the-password-itself',
    adminSocket: '/var/run/haproxy/admin.sock',
    env: { HOSTNAME: 'a', POD_NAME: 'a' },
    ...part,
  };
}
