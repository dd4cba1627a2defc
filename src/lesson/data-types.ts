/** How the value of a data type is written: whole numbers, so many of them, or a reference into the dictionary. */
export type Kind = 'number' | 'rate' | 'dictionary';

export interface DataType {
  readonly kind: Kind;
  readonly isArray: boolean;
  /** Of this HAProxy alone (`conn_cur`): the others do not take it over. */
  readonly isLocal: boolean;
}

const one = (kind: Kind, more: Partial<DataType> = {}): DataType => ({
  ...{ kind, isArray: false, isLocal: false },
  ...more,
});

/**
 * By their number, which is the bit in the definition of a table (haproxy src/stick_table.c, stktable_data_types; the same from
 * 2.6 to 3.4, which only added the last two).
 */
export const dataTypes: readonly DataType[] = [
  one('number'), // server_id
  one('number'), // gpt0
  one('number'), // gpc0
  one('rate'), // gpc0_rate
  one('number'), // conn_cnt
  one('rate'), // conn_rate
  one('number', { isLocal: true }), // conn_cur
  one('number'), // sess_cnt
  one('rate'), // sess_rate
  one('number'), // http_req_cnt
  one('rate'), // http_req_rate
  one('number'), // http_err_cnt
  one('rate'), // http_err_rate
  one('number'), // bytes_in_cnt
  one('rate'), // bytes_in_rate
  one('number'), // bytes_out_cnt
  one('rate'), // bytes_out_rate
  one('number'), // gpc1
  one('rate'), // gpc1_rate
  one('dictionary'), // server_key
  one('number'), // http_fail_cnt
  one('rate'), // http_fail_rate
  one('number', { isArray: true }), // gpt
  one('number', { isArray: true }), // gpc
  one('rate', { isArray: true }), // gpc_rate
  one('number'), // glitch_cnt
  one('rate'), // glitch_rate
];

/** A rate is written as its age in milliseconds and two counts. */
export const numbersOf: Readonly<Record<Kind, number>> = { number: 1, rate: 3, dictionary: 1 };
