import type { Entry } from '../../lesson/entry.ts';

/** 16 bytes as eight groups, the longest row of zeros left out (RFC 5952). */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  const zeros = [...groups.join(':').matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)];
  const longest = zeros.toSorted((left, right) => right[0].length - left[0].length)[0];
  const text = groups.join(':');
  if (longest === undefined) return text;
  const before = text.slice(0, longest.index);
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}

/**
 * The key of an entry as `show table` writes it (haproxy src/stick_table.c, table_dump_entry_to_buffer): numbers and addresses as
 * usual, strings as they are, bytes as hex digits.
 */
export function keyText(bytes: Buffer, { table, keyAt, keyEnd }: Entry): string {
  const key = bytes.subarray(keyAt, keyEnd);
  if (table.keyType === 'integer') return String(key.readUInt32BE());
  if (table.keyType === 'ip' && key.length === 4) return [...key].join('.');
  if (table.keyType === 'ipv6' && key.length === 16) return ipv6Text(key);
  if (table.keyType === 'string') return key.toString('utf8');
  return key.toString('hex').toUpperCase();
}
