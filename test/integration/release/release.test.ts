import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { documentsOf, helm, noHelm, renderChart } from '../../helpers/helm.ts';
import { noSea, seaNode } from '../../helpers/sea.ts';
import { unless } from '../../helpers/skip.ts';
import { suiteFolder, testFolder } from '../../helpers/test-folder.ts';
import { bundle, bundled } from '../../tools/release/bundles.ts';
import { packCharts } from '../../tools/release/chart-packages.ts';
import { krewManifest, sha256 } from '../../tools/release/krew.ts';
import { packNpmPackage, stageNpmPackage } from '../../tools/release/npm-package.ts';
import { packPlugin, platformName, pluginFile } from '../../tools/release/plugin.ts';
import { readProject } from '../../tools/release/project.ts';

const { image, exampleImage, name, url, version } = readProject();
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** Standard output of a program that ends well, else nothing. */
function output(program: string, ...args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

const noKubectl = output('kubectl', 'version', '--client') === undefined ? 'no kubectl' : undefined;

describe('install-*.yaml', unless(noKubectl), () => {
  it.each(bundled)('of examples/%s is the example, with the image by its digest', (example) => {
    const rendered = execFileSync('kubectl', ['kustomize', `examples/${example}`]).toString();

    const manifest = bundle(example, digest);

    const taken = `${exampleImage.name}:${exampleImage.tag}`;
    const pinned = rendered.replaceAll(taken, `${image}:${version}@${digest}`);
    expect(documentsOf(manifest)).toEqual(documentsOf(pinned));
    expect(manifest.split('\n')[0]).toContain(`${url}/tree/v${version}/examples/${example}`);
  });

  it('takes the image by its tag where no digest is known', () => {
    expect(bundle('deployment')).toContain(`image: ${image}:${version}\n`);
  });
});

const noGit = existsSync('.git') ? noKubectl : 'no git repository';

describe('an example of a repository elsewhere', unless(noGit), () => {
  it.each(['deployment', 'tls', 'existing'])('is rendered by its address: %s', (example) => {
    // What a user writes is https://github.com/OWNER/REPOSITORY//examples/deployment?ref=v1.2.3
    const folder = join(testFolder(), 'repository');
    execFileSync('git', ['clone', '--quiet', '--depth=1', `file://${resolve('.')}`, folder]);
    const local = execFileSync('kubectl', ['kustomize', join(folder, 'examples', example)]);

    const remote = execFileSync('kubectl', [
      'kustomize',
      `file://${folder}//examples/${example}?ref=HEAD`,
    ]);

    expect(remote.toString()).toBe(local.toString());
  });
});

describe('the npm package', () => {
  const folder = suiteFolder();
  const installed = () => join(folder, 'user', 'node_modules', '.bin');
  let archive: string;

  beforeAll(() => {
    const staged = join(folder, 'package');
    stageNpmPackage(staged);
    archive = packNpmPackage(staged, folder);
    const user = join(folder, 'user');
    mkdirSync(user);
    writeFileSync(join(user, 'package.json'), '{}');
    // Offline: it brings all it needs.
    execFileSync('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', archive], {
      cwd: user,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  });

  it('has two programs, licence and README, and installs nothing besides', () => {
    const files = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' });

    expect(files.trim().split('\n').toSorted()).toEqual([
      'package/LICENSE',
      'package/README.md',
      'package/kubectl-plugin.js',
      'package/main.js',
      'package/package.json',
    ]);
    expect(globSync(`${folder}/user/node_modules/*`)).toEqual([
      join(folder, 'user', 'node_modules', name),
    ]);
  });

  it('runs in an empty folder, and says how it is used', () => {
    const program = join(installed(), name);

    expect(output(program, '--version')).toBe(`${version}\n`);
    expect(output(program, 'status', '--help')).toContain('--all');
    expect(output(program, 'doctor', '--help')).toContain('--json');
  });

  it('says what doctor needs where there is no pod', () => {
    const { status, stderr } = spawnSync(join(installed(), name), ['doctor'], { encoding: 'utf8' });

    expect(status).toBe(2);
    expect(stderr).toContain('POD_NAME is missing');
  });

  it('is found by kubectl as a plugin', unless(noKubectl), () => {
    const PATH = `${installed()}:${process.env.PATH}`;
    const text = execFileSync('kubectl', ['haproxy-peers', 'version'], {
      encoding: 'utf8',
      env: { ...process.env, PATH },
    });

    expect(text).toBe(`${version}\n`);
  });
});

describe('the packages of the charts', unless(noHelm), () => {
  const folder = suiteFolder();
  let packages: readonly string[];
  beforeAll(() => {
    packages = packCharts(folder, digest);
  });

  it('pass the linter', () => {
    expect(helm('lint', '--strict', ...packages)).toContain('2 chart(s) linted, 0 chart(s) failed');
  });

  it('make what the charts make, with the image by its digest', () => {
    const set = [`peerSync.image.digest=${digest}`];

    expect(renderChart(join(folder, `haproxy-${version}.tgz`))).toEqual(
      renderChart('charts/haproxy', { set }),
    );
  });
});

describe('the plugin of kubectl', unless(noSea), () => {
  const folder = suiteFolder();
  let archive: string;
  beforeAll(() => {
    archive = packPlugin(join(folder, 'plugins'), seaNode);
    execFileSync('tar', ['-xzf', archive, '-C', folder]);
  });

  it('is one executable, which needs no Node', () => {
    const text = execFileSync(join(folder, pluginFile), ['version'], {
      encoding: 'utf8',
      env: { PATH: '', NODE_OPTIONS: '--no-such-option' },
    });

    expect(text).toBe(`${version}\n`);
  });

  it('is called by kubectl', unless(noKubectl), () => {
    const { status, stdout } = spawnSync('kubectl', ['haproxy-peers', 'status', '--help'], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
    });

    expect(status).toBe(0);
    expect(stdout).toContain('--selector');
  });

  it('is in its manifest for krew, with the checksum of its archive', () => {
    const { metadata, spec } = parse(krewManifest([archive]));
    const platform = platformName(process.platform, process.arch);
    const [os, arch] = platform.split('-');

    expect(metadata).toEqual({ name: 'haproxy-peers' });
    expect(spec.version).toBe(`v${version}`);
    expect(spec.platforms).toEqual([
      {
        selector: { matchLabels: { os, arch } },
        uri: `${url}/releases/download/v${version}/${pluginFile}-${platform}.tar.gz`,
        sha256: sha256(archive),
        bin: pluginFile,
      },
    ]);
    const files = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' });
    expect(files.trim().split('\n').toSorted()).toEqual(['LICENSE', pluginFile]);
  });
});

describe('the manifest for krew', () => {
  it('names each platform once, and refuses an archive that says none', () => {
    const folder = testFolder();
    const archives = ['linux-amd64', 'darwin-arm64'].map((platform) => {
      const file = join(folder, `${pluginFile}-${platform}.tar.gz`);
      writeFileSync(file, platform);
      return file;
    });

    expect(
      parse(krewManifest(archives)).spec.platforms.map(
        ({ selector }: { readonly selector: unknown }) => selector,
      ),
    ).toEqual([
      { matchLabels: { os: 'darwin', arch: 'arm64' } },
      { matchLabels: { os: 'linux', arch: 'amd64' } },
    ]);
    expect(() => krewManifest([join(folder, 'plugin.tar.gz')])).toThrow('for which platform');
    expect(readFileSync(archives[0] as string, 'utf8')).toBe('linux-amd64');
  });
});
