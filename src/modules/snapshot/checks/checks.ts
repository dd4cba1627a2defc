import {
  type Check,
  type Checks,
  type Finding,
  failure,
  ok,
  type SnapshotFact,
  skipped,
  warning,
} from '../../../doctor/facts.ts';

type FileFact = Extract<SnapshotFact['files'], { readonly ok: true }>['value'][number];

/** The next one may be larger than the last, and is there beside it until that goes. */
const freeFiles = 3;
/** Less than 1,000,000 entries take. */
const freeBytes = 20_000_000;
/** So many intervals may pass: a snapshot takes its time, and who takes them may change. */
const lateIntervals = 3;

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function largest({ files }: SnapshotFact): number {
  return files.ok ? Math.max(0, ...files.value.map(({ bytes }) => bytes)) : 0;
}

/** Can a snapshot be written there, and can others not get at it? */
export const directory: Check = ({ snapshot }) => {
  if (snapshot === undefined) return [];
  const name = 'snapshot-directory';
  const { directory: path, folder } = snapshot;
  if (!folder.ok)
    return [
      failure(
        name,
        `${path} of --snapshot cannot be used: ${folder.why}`,
        'mount a volume there, into the container of the sidecar: docs/snapshot.md',
      ),
    ];
  const { mode, isWritable, freeBytes: free } = folder.value;
  const findings: Finding[] = [];
  if (!isWritable)
    findings.push(
      failure(
        name,
        `this user may not write to ${path}: nothing is recorded`,
        'fsGroup in the securityContext of the pod, and a volumeMount without readOnly',
      ),
    );
  const needed = Math.max(freeBytes, freeFiles * largest(snapshot));
  if (free < needed)
    findings.push(
      warning(
        name,
        `${megabytes(free)} are free in ${path}, and ${megabytes(needed)} may be needed`,
        'a larger volume, or a smaller --snapshot-keep',
      ),
    );
  // A sticky bit keeps others from removing files, not from putting some there.
  if ((mode & 0o002) !== 0)
    findings.push(
      warning(
        name,
        `every user may write to ${path}, and put a file there that is restored`,
        'a volume for the sidecar alone, or --snapshot-key-file',
      ),
    );
  else if ((mode & 0o005) !== 0)
    findings.push(
      ok(name, `${path}; every user may see the names of the files, which are readable for one`),
    );
  if (findings.some(({ level }) => level !== 'ok')) return findings;
  return findings.length > 0 ? findings : [ok(name, `${path}, ${megabytes(free)} are free`)];
};

/** Is the key there, and not for everybody? */
export const key: Check = ({ snapshot }) => {
  if (snapshot === undefined) return [];
  const name = 'snapshot-key';
  if (snapshot.key === null)
    return [
      skipped(
        name,
        'the files are not encrypted',
        'with --snapshot-key-file they are: docs/snapshot.md',
      ),
    ];
  if (!snapshot.key.ok)
    return [failure(name, snapshot.key.why, snapshot.key.hint ?? 'docs/snapshot.md, "Encryption"')];
  const { count, mode } = snapshot.key.value;
  if ((mode & 0o007) !== 0)
    return [
      warning(
        name,
        `${snapshot.keyFile} can be read by everybody in the container`,
        'volumes: secret: { defaultMode: 0440 }, with fsGroup in the securityContext of the pod',
      ),
    ];
  return [ok(name, count === 1 ? 'there, and not for everybody' : `${count} keys are read with`)];
};

function refusedFinding(name: string, { file, refused }: FileFact, isNewest: boolean): Finding {
  const { kind, why } = refused ?? { kind: '', why: '' };
  const mend =
    kind === 'other set'
      ? 'another workload uses this directory, or --snapshot-set was changed: give each a --snapshot-set or a directory of its own'
      : kind === 'sealed'
        ? 'give the key it was encrypted with in the second line of --snapshot-key-file'
        : kind === 'future'
          ? 'roll out the later version again, or remove the file'
          : 'remove it; the volume may be damaged';
  const what = isNewest ? `${file}, the newest, is not restored` : `${file} is not restored`;
  return warning(name, `${what} (${kind}): ${why}`, mend);
}

/** Which replicas have written more than one of the last few intervals each. */
function writersOf({ intervalMs, nowMs }: SnapshotFact, files: readonly FileFact[]) {
  const lately = files.filter(
    ({ takenAtMs, refused }) =>
      refused === null && nowMs - takenAtMs < 2 * lateIntervals * intervalMs,
  );
  const counts = new Map<string, number>();
  for (const { replica } of lately) counts.set(replica, (counts.get(replica) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1).map(([replica]) => replica);
}

/** Would they be restored, and is one replica taking them? */
export const files: Check = ({ snapshot, self }) => {
  if (snapshot === undefined || !snapshot.folder.ok || !snapshot.files.ok) return [];
  const name = 'snapshot-files';
  const found = snapshot.files.value;
  const foreign = found.filter(({ refused }) => refused?.kind === 'other set');
  const isShared = found.some(({ refused }) => refused === null);
  const findings = found.flatMap((file, index) =>
    file.refused === null || (isShared && foreign.includes(file))
      ? []
      : [refusedFinding(name, file, index === 0)],
  );
  const writers = writersOf(snapshot, found);
  if (writers.length > 1)
    findings.push(
      warning(
        name,
        `${writers.join(' and ')} take snapshots into ${snapshot.directory} at the same time: they do not know that the other is ready`,
        'status --all: are they linked? Two workloads need a --snapshot-set each',
      ),
    );
  const future = found.find(({ takenAtMs }) => takenAtMs > snapshot.nowMs + 60_000);
  if (future !== undefined)
    findings.push(
      warning(
        name,
        `${future.file} is from the future: a clock was set back, or goes wrong on ${self.name}`,
        'set the clock of the node (NTP); entries of the file live longer than they should',
      ),
    );
  if (findings.length > 0) return findings;
  const whole =
    found.length === 0 ? 'none yet' : `the newest ${found.length - foreign.length} are whole`;
  // Two workloads may share a directory.
  const others = foreign.length === 0 ? '' : `, and ${foreign.length} are of another set`;
  return [ok(name, `${whole}${others}`)];
};

/** How old is the newest that would be restored? */
export const age: Check = ({ snapshot, admin }) => {
  if (snapshot === undefined || !snapshot.files.ok) return [];
  const name = 'snapshot-age';
  const newest = snapshot.files.value.find(({ refused }) => refused === null);
  const entries = admin.ok
    ? admin.value.tables
        .filter((table) => admin.value.peers?.tables.includes(table.name))
        .reduce((sum, { used }) => sum + used, 0)
    : 0;
  if (newest === undefined) {
    if (entries === 0) return [ok(name, 'no snapshot yet, and no entries to record')];
    return [
      warning(
        name,
        `no snapshot, and ${entries} entries that would be lost if all replicas were gone`,
        'the first replica by name that is ready takes them: its log has SNAPSHOT_FAILED. Another replica may have them on its own volume',
      ),
    ];
  }
  const ageMs = Math.max(0, snapshot.nowMs - newest.takenAtMs);
  const text = `${Math.round(ageMs / 1000)} s, by ${newest.replica}`;
  if (entries > 0 && ageMs > lateIntervals * snapshot.intervalMs + 60_000)
    return [
      warning(
        name,
        `the newest is ${text}: older than --snapshot-interval has it`,
        'status --all says who takes them, and why it fails. Another replica may have newer ones on its own volume',
      ),
    ];
  return [ok(name, `the newest is ${text}`)];
};

/** Of `--snapshot`. */
export const snapshotChecks: Checks = {
  files: [directory, key],
  running: [files, age],
};
