import { fileURLToPath } from 'node:url';

/** `npm run bench -- NAME`: each prints its figures beside a baseline of the same run. */
const benches: Readonly<Record<string, string>> = {
  apply: 'calls and milliseconds of a change with 3, 100 and 1,000 siblings, API v3 and v2',
  sidecar: 'start-up time and memory of the sidecar',
  accept: 'from a pod IP in the API to its name being accepted by a running sibling',
  plan: 'the pure core with 1,000 members',
  scale: 'one real replica among 3 and 1,000 members: CPU, calls and memory at rest, a change',
  retention:
    'entries kept while replicas come, go, crash and are cut off, beside the naive way; --help',
  relay: 'sessions of HAProxy through two relays: time to learn, CPU of an update, delay; --help',
  aggregate: 'memory of the sums of replicas, by key and origin, and CPU of an update; --help',
  'aggregate-set':
    'three whole sidecars with sums: memory, longest work, current again after a restart; --help',
  snapshot: 'time of requests with and without snapshots; --help',
  'snapshot-cost': 'processor time and memory of a snapshot and of its restore; --help',
  handover: 'how long a table is incomplete after a reload, and what is lost in flight',
};

const [name] = process.argv.slice(2);
if (name === undefined || benches[name] === undefined) {
  console.log('npm run bench -- NAME\n');
  for (const [known, what] of Object.entries(benches)) console.log(`  ${known.padEnd(11)}${what}`);
  process.exit(name === undefined || name === '--help' ? 0 : 2);
}
const file = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
process.argv.splice(1, 2, file);
await import(file);
