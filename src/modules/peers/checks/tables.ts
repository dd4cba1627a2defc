import { type Check, failure, ok, warning } from '../../../doctor/facts.ts';

/** Tables are shared by name, and only where their keys have one type. */
export const tables: Check = ({ siblings, admin }) => {
  if (!admin.ok) return [];
  const own = new Map(admin.value.tables.map((table) => [table.name, table]));
  const findings = [];
  for (const { name, status } of siblings) {
    for (const table of status?.tables ?? []) {
      const mine = own.get(table.name);
      if (!table.shared || mine === undefined) continue;
      if (table.type !== undefined && mine.type !== table.type) {
        findings.push(
          failure(
            'tables',
            `table ${table.name} has type ${mine.type} here and ${table.type} on ${name}: nothing of it is shared`,
            'roll one configuration out to all replicas',
          ),
        );
      } else if (mine.size !== table.size) {
        findings.push(
          warning(
            'tables',
            `table ${table.name} has size ${mine.size} here and ${table.size} on ${name}: the smaller one drops entries`,
            'roll one configuration out to all replicas',
          ),
        );
      }
    }
  }
  return findings.length > 0 ? findings : [ok('tables', 'the same on all replicas that tell')];
};
