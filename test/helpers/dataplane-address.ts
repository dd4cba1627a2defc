import { type DataplaneAddress, parseDataplaneAddress } from '../../src/model/dataplane-address.ts';

/** Of a text that is right. */
export function addressOf(text: string): DataplaneAddress {
  const parsed = parseDataplaneAddress(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.value;
}
