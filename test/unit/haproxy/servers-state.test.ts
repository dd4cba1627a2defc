import { describe, expect, it } from 'vitest';
import { parseServersState } from '../../../src/haproxy/servers-state.ts';

const header =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';

/** As HAProxy 3.4.0 gave it, the last two put together by hand from its columns. */
const text = `1
${header}
2 be_app 1 static1 127.0.0.1 2 0 1 1 1 1 0 0 0 0 0 0 - 1 - 0 0 - - 0
2 be_app 1234567890 app-1 127.0.0.2 2 0 0 1 7 1 0 2 6 0 0 1 - 80 - 0 0 - - 0
2 be_app 1234567891 app-2 - 0 5 1 1 61 1 0 2 2 0 0 1 - 8080 - 0 0 - - 0

`;

describe('show servers state', () => {
  it('is what the worker has', () => {
    const none = { inMaintenance: false, checkIsOff: false };

    expect(parseServersState(text)).toEqual([
      { name: 'static1', id: 1, address: '127.0.0.1', port: 1, weight: 1, forSeconds: 1, ...none },
      {
        ...{ name: 'app-1', id: 1_234_567_890, address: '127.0.0.2', port: 80, weight: 0 },
        ...{ forSeconds: 7, ...none },
      },
      {
        ...{ name: 'app-2', id: 1_234_567_891, address: null, port: 8080, weight: 1 },
        ...{ forSeconds: 61, inMaintenance: true, checkIsOff: true },
      },
    ]);
  });

  it('is null for a backend that there is not', () => {
    expect(parseServersState("Can't find backend.\n\n")).toBeNull();
  });

  it('is nobody for a backend without servers', () => {
    expect(parseServersState(`1\n${header}\n\n`)).toEqual([]);
  });

  it('is an error wherever the text was cut off, so that no server passes for one that is gone', () => {
    for (let length = 0; length < text.length; length += 1) {
      const cut = text.slice(0, length);
      expect(() => parseServersState(cut), JSON.stringify(cut.slice(-40))).toThrow();
    }
  });

  it.each([
    '',
    'Permission denied\n',
    '2\n# a b\n\n',
    `1\n${header.replace('srv_port', 'port')}\n\n`,
  ])('is an error for %j', (other) => {
    expect(() => parseServersState(other)).toThrow();
  });
});
