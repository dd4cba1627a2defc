/** How the value of a data type is written: whole numbers, so many of them, or a reference into the dictionary. */
export type Kind = 'number' | 'rate' | 'dictionary';

export interface DataType {
  /** As haproxy.cfg and `show table` call it. */
  readonly name: string;
  readonly kind: Kind;
  readonly isArray: boolean;
  /** Of this HAProxy alone (`conn_cur`): the others do not take it over. */
  readonly isLocal: boolean;
}

const one = (name: string, kind: Kind, more: Partial<DataType> = {}): DataType => ({
  ...{ name, kind, isArray: false, isLocal: false },
  ...more,
});

/**
 * By their number, which is the bit in the definition of a table (haproxy src/stick_table.c, stktable_data_types; the same from
 * 2.6 to 3.4, which only added the last two).
 */
export const dataTypes: readonly DataType[] = [
  one('server_id', 'number'),
  one('gpt0', 'number'),
  one('gpc0', 'number'),
  one('gpc0_rate', 'rate'),
  one('conn_cnt', 'number'),
  one('conn_rate', 'rate'),
  one('conn_cur', 'number', { isLocal: true }),
  one('sess_cnt', 'number'),
  one('sess_rate', 'rate'),
  one('http_req_cnt', 'number'),
  one('http_req_rate', 'rate'),
  one('http_err_cnt', 'number'),
  one('http_err_rate', 'rate'),
  one('bytes_in_cnt', 'number'),
  one('bytes_in_rate', 'rate'),
  one('bytes_out_cnt', 'number'),
  one('bytes_out_rate', 'rate'),
  one('gpc1', 'number'),
  one('gpc1_rate', 'rate'),
  one('server_key', 'dictionary'),
  one('http_fail_cnt', 'number'),
  one('http_fail_rate', 'rate'),
  one('gpt', 'number', { isArray: true }),
  one('gpc', 'number', { isArray: true }),
  one('gpc_rate', 'rate', { isArray: true }),
  one('glitch_cnt', 'number'),
  one('glitch_rate', 'rate'),
];

/** A rate is written as its age in milliseconds and two counts. */
export const numbersOf: Readonly<Record<Kind, number>> = { number: 1, rate: 3, dictionary: 1 };
