import { apiObstacles, apiUnmodelled } from '../../../config-text/api-model.ts';
import {
  findSection,
  findSections,
  splitLines,
  tokenize,
} from '../../../config-text/config-text.ts';
import { unreachable } from '../../../config-text/listen.ts';
import { readPeersSection } from '../../../config-text/peers-text.ts';
import { variablesIn } from '../../../config-text/variables.ts';
import { type Check, failure, ok, warning } from '../../../doctor/facts.ts';
import { lessonLine } from './lessons.ts';

const fromInit = 'let the init container write it: haproxy-peer-sync init --template YOUR.cfg';

const localpeer: Check = ({ configText, options, self, localName = self.name, env }) => {
  if (!configText.ok) return [];
  const name = 'localpeer';
  const lines = splitLines(configText.value);
  const peersAt = findSection(lines, 'peers')?.start ?? lines.length;
  const variablesAt = variablesIn(lines, env);
  const found: { readonly value: string; readonly index: number }[] = [];
  for (const section of findSections(lines).filter(({ keyword }) => keyword === 'global')) {
    for (let index = section.start + 1; index < section.end; index++) {
      const [keyword, value] = tokenize(lines[index] ?? '', variablesAt(index)).map(
        ({ text }) => text,
      );
      if (keyword === 'localpeer') found.push({ value: value ?? '', index });
    }
  }
  const last = found.at(-1);
  if (last === undefined) {
    return [
      warning(
        name,
        `no localpeer in ${options.configFile}: HAProxy takes the hostname, which is the pod's name only without hostNetwork and hostname`,
        `global: localpeer ${localName}`,
      ),
    ];
  }
  if (last.index > peersAt) {
    return [
      failure(name, 'localpeer stands below the peers section, where HAProxy ignores it', fromInit),
    ];
  }
  if (last.value !== localName) {
    return [
      failure(
        name,
        `localpeer is ${last.value}, and this peer is called ${localName}: HAProxy drops the whole section`,
        `global: localpeer ${localName}`,
      ),
    ];
  }
  return [ok(name, localName)];
};

const section: Check = ({ configText, options, self, env }) => {
  if (!configText.ok) return [];
  const name = 'section';
  const text = configText.value;
  const found = readPeersSection(text, options.peersSection, env);
  if (!found.exists) {
    return [failure(name, `there is no section "peers ${options.peersSection}"`, fromInit)];
  }
  const findings = [];
  if (!found.entries.some((entry) => entry.name === self.name)) {
    findings.push(
      failure(
        name,
        `the section lacks this pod's own line: HAProxy runs without it, and shares nothing`,
        `peers ${options.peersSection}: ${found.style === 'server' ? `server ${self.name}` : `peer ${self.name} ${self.address}:${options.peersPort}`}`,
      ),
    );
  }
  const problem = unreachable(text, {
    ...{ sectionName: options.peersSection, self, port: options.peersPort, env },
  });
  if (problem !== null)
    findings.push(
      (problem.certain ? failure : warning)(
        name,
        problem.why,
        `give --peers-port to init and run of all replicas, or write bind :${options.peersPort}`,
      ),
    );
  if (options.usesDataplane) {
    for (const obstacle of apiObstacles(text, options.peersSection)) {
      findings.push(failure(name, obstacle, 'see "TLS between peers" in the README'));
    }
    // The local line of a bind section has no address, and cannot have one: nothing is to be mended.
    const unmodelled = apiUnmodelled(text, options.peersSection).filter(
      (line) => line !== `server ${self.name}`,
    );
    if (unmodelled.length > 0) {
      findings.push(
        warning(
          name,
          `the Data Plane API does not model "${unmodelled[0]}": entries are edited one by one, which takes more calls`,
          'move it out of the section where you can',
        ),
      );
    }
  }
  return findings.length > 0 ? findings : [ok(name, `${found.entries.length} peers`)];
};

function words(line: string): readonly string[] {
  return tokenize(line).map((token) => token.text);
}

const sharing: Check = ({ configText, options }) => {
  if (!configText.ok) return [];
  const lines = splitLines(configText.value).map(words);
  const inSection = findSection(splitLines(configText.value), 'peers', options.peersSection);
  const shared = lines.filter(([keyword, ...rest], index) => {
    const at = rest.indexOf('peers');
    const own = inSection !== undefined && index > inSection.start && index < inSection.end;
    return (
      (keyword === 'stick-table' && at >= 0 && rest[at + 1] === options.peersSection) ||
      (own && keyword === 'table')
    );
  });
  if (shared.length > 0) return [ok('sharing', `${shared.length} stick tables use the section`)];
  return [
    failure(
      'sharing',
      `no stick-table names the section ${options.peersSection}: there is nothing to share`,
      `stick-table … peers ${options.peersSection}`,
    ),
  ];
};

/** What haproxy.cfg says of the peers. */
export const sectionChecks: readonly Check[] = [section, lessonLine];

/** Whether anything is shared, whoever the peers are. */
export const sharingChecks: readonly Check[] = [localpeer, sharing];
