import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { dashboardJson } from './dashboard.ts';
import { rulesYaml } from './prometheus-rule.ts';
import { readProject } from './release/project.ts';

/** The library chart, and the application chart that is examples/deployment with values. */
export const charts = {
  library: 'charts/haproxy-peer-sync',
  application: 'charts/haproxy',
} as const;

const header = '# Generated from package.json by `npm run docs`.\n';
const kubeVersion = '>=1.30.0-0';

function chartYamls(): Readonly<Record<string, string>> {
  const { version, url } = readProject();
  const common = {
    version,
    appVersion: version,
    kubeVersion,
    home: url,
    sources: [url],
    annotations: { 'artifacthub.io/license': 'Apache-2.0' },
  };
  const library = {
    apiVersion: 'v2',
    name: 'haproxy-peer-sync',
    type: 'library',
    description: 'Adds the containers of haproxy-peer-sync to a pod template of HAProxy',
    ...common,
  };
  const application = {
    apiVersion: 'v2',
    name: 'haproxy',
    type: 'application',
    description: 'HAProxy whose replicas share their stick tables, and lose no entry of them',
    ...common,
    // Beside it in this repository, and inside the package of a release.
    dependencies: [{ name: 'haproxy-peer-sync', version, repository: '', alias: 'peerSync' }],
  };
  return {
    [`${charts.library}/Chart.yaml`]: header + stringify(library),
    [`${charts.application}/Chart.yaml`]: header + stringify(application),
  };
}

/** What the examples have, too: a package of Helm reaches no file outside. */
function copies(): Readonly<Record<string, string>> {
  const rules = rulesYaml();
  return {
    [`${charts.application}/files/haproxy.cfg`]: readFileSync(
      'examples/deployment/haproxy.cfg',
      'utf8',
    ),
    [`${charts.application}/files/dashboard.json`]: dashboardJson(),
    [`${charts.application}/files/rules.yaml`]: rules.slice(rules.indexOf('groups:')),
  };
}

function libraryValues(): string {
  const { image, version } = readProject();
  return readFileSync(`${charts.library}/values.yaml`, 'utf8').replace(
    /(repository: ).*(\n +tag: ).*/,
    (_all, repository: string, tag: string) => `${repository}${image}${tag}"${version}"`,
  );
}

interface Schema {
  readonly description?: string | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
}

const schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    description: z.string().optional(),
    properties: z.record(z.string(), schema).optional(),
  }),
);
const values = z.record(z.string(), z.unknown());

export function readSchema(chart: string): Schema {
  return schema.parse(JSON.parse(readFileSync(`${chart}/values.schema.json`, 'utf8')));
}

export function readValues(chart: string): Readonly<Record<string, unknown>> {
  return values.parse(parse(readFileSync(`${chart}/values.yaml`, 'utf8')));
}

/** Every value by its path, with what the schema says of it and its default. */
export function valueRows(
  { properties = {} }: Schema,
  defaults: unknown,
  path = '',
): readonly (readonly [string, string, unknown])[] {
  const known = values.safeParse(defaults).data ?? {};
  return Object.entries(properties).flatMap(([name, each]) => {
    if (path === '' && name === 'global') return [];
    const own = path === '' ? name : `${path}.${name}`;
    return each.properties === undefined
      ? [[own, each.description ?? '', known[name]] as const]
      : valueRows(each, known[name], own);
  });
}

function table(rows: readonly (readonly [string, string, unknown])[]): readonly string[] {
  return [
    '| value | default | meaning |',
    '| --- | --- | --- |',
    ...rows.map(([path, meaning, value]) => {
      const text = JSON.stringify(value) ?? '';
      return `| \`${path}\` | ${text === '' ? '' : `\`${text}\``} | ${meaning} |`;
    }),
  ];
}

const mark = '<!-- values: made by `npm run docs` -->';

function readmes(): Readonly<Record<string, string>> {
  const { charts: registry, version } = readProject();
  const library = valueRows(readSchema(charts.library), parse(libraryValues()));
  const application = valueRows(readSchema(charts.application), readValues(charts.application));
  const page = (chart: string, rows: readonly string[]): string => {
    const [text = ''] = readFileSync(`${chart}/README.md`, 'utf8').split(mark);
    return [text.trimEnd(), '', mark, '', ...rows, '']
      .join('\n')
      .replace(/oci:\/\/[^\s/]+\/[^\s/]+\/charts/g, registry)
      .replace(/(?<=--version |version: )\d[\w.-]*/g, version);
  };
  const rows = [
    ...application.filter(([path]) => path !== 'peerSync'),
    ...library.map(([path, ...rest]) => [`peerSync.${path}`, ...rest] as const),
  ];
  return {
    [`${charts.application}/README.md`]: page(charts.application, table(rows)),
    [`${charts.library}/README.md`]: page(charts.library, table(library)),
  };
}

/** Every file of the charts that is made from something else, by path. */
export function chartFiles(): Readonly<Record<string, string>> {
  return {
    ...chartYamls(),
    ...copies(),
    [`${charts.library}/values.yaml`]: libraryValues(),
    ...readmes(),
  };
}
