/** A server as the worker has it. */
export interface RunningServer {
  readonly name: string;
  readonly id: number;
  /** Null: none yet, as with a name that does not resolve. */
  readonly address: string | null;
  readonly port: number;
  /** As it was set; 0: it gets nobody who does not stick to it. */
  readonly weight: number;
  /** In maintenance by a command or by haproxy.cfg. */
  readonly inMaintenance: boolean;
  /** A health check is configured and does not run. */
  readonly checkIsOff: boolean;
  /** Since when it is up, or is not, in whole seconds. */
  readonly forSeconds: number;
}

/** `SRV_ADMF_FMAINT`, include/haproxy/server-t.h: by a command, or `disabled` in haproxy.cfg. */
const forcedMaintenance = 0x01;
/** `CHK_ST_CONFIGURED` and `CHK_ST_ENABLED`, include/haproxy/check-t.h. */
const checkConfigured = 0x02;
const checkEnabled = 0x04;

const needed = [
  ...['srv_name', 'srv_id', 'srv_addr', 'srv_port', 'srv_uweight', 'srv_admin_state'],
  ...['srv_check_state', 'srv_time_since_last_change'],
] as const;

/**
 * `show servers state BACKEND` (src/proxy.c, 2.4 to 3.4). Null: there is no such backend. Throws an Error for anything else, be it a
 * text that was cut off: servers that are missing in it would be taken for servers that are not there.
 */
export function parseServersState(text: string): readonly RunningServer[] | null {
  if (/^(Can't find backend|No such backend)/.test(text)) return null;
  const [format, header = '', ...rest] = text.split('\n');
  const columns = header.replace(/^# /, '').split(' ');
  const at = new Map(needed.map((name) => [name, columns.indexOf(name)]));
  if (format !== '1' || [...at.values()].includes(-1) || !text.endsWith('\n\n'))
    throw new Error('the answer to "show servers state" is none, or was cut off');
  return rest
    .filter((line) => line !== '')
    .map((line) => {
      const words = line.split(' ');
      if (words.length !== columns.length)
        throw new Error('a line of the answer to "show servers state" was cut off');
      const value = (name: (typeof needed)[number]) => words[at.get(name) ?? -1] ?? '';
      const check = Number(value('srv_check_state'));
      return {
        name: value('srv_name'),
        id: Number(value('srv_id')),
        address: value('srv_addr') === '-' ? null : value('srv_addr'),
        port: Number(value('srv_port')),
        weight: Number(value('srv_uweight')),
        inMaintenance: (Number(value('srv_admin_state')) & forcedMaintenance) !== 0,
        checkIsOff: (check & checkConfigured) !== 0 && (check & checkEnabled) === 0,
        forSeconds: Number(value('srv_time_since_last_change')),
      };
    });
}
