/** One stick table as `show table` lists it. */
export interface TableState {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly used: number;
}

/** The `# table:` lines of `show table` (haproxy src/stick_table.c, table_dump_head_to_buffer). */
export function parseShowTable(text: string): readonly TableState[] {
  const line =
    /^# table: (?<name>\S+), type: (?<type>\S+), size:\s*(?<size>\d+), used:\s*(?<used>\d+)/gm;
  return [...text.matchAll(line)].map(({ groups = {} }) => ({
    name: groups.name ?? '',
    type: groups.type ?? '',
    size: Number(groups.size),
    used: Number(groups.used),
  }));
}
