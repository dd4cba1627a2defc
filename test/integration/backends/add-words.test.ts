import { describe, expect, it } from 'vitest';
import { commandWord } from '../../../src/haproxy/ask-all.ts';
import { versionOf } from '../../../src/model/program-version.ts';
import { addWords, refusesServers } from '../../../src/modules/backends/file/add-words.ts';
import { readBackend } from '../../../src/modules/backends/file/read-backend.ts';
import { parseServerWords } from '../../../src/modules/backends/file/server-words.ts';
import { haproxyBranch, haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testBackendStand } from '../../rig/test-backend-stand.ts';

/** Each keyword as a server may have it, beside what it needs; crt, ca-file and crl-file need files that are loaded. */
const lines = [
  ...['addr 127.0.0.1', 'agent-addr 127.0.0.1', 'agent-check agent-port 80', 'agent-inter 2s'],
  ...['agent-send x', 'allow-0rtt', 'alpn h2', 'backup', 'check', 'check-alpn h2'],
  ...['check-pool-conn-name x', 'check-proto h2', 'check-reuse-pool', 'check-send-proxy'],
  ...['check-sni a.b', 'check-ssl verify none', 'check-via-socks4', 'ciphers HIGH'],
  ...['ciphersuites TLS_AES_128_GCM_SHA256', 'client-sigalgs RSA+SHA256', 'cookie c'],
  ...['curves X25519', 'downinter 2s', 'error-limit 3', 'fall 3', 'fastinter 1s'],
  ...['force-sslv3', 'force-tlsv12', 'hash-key id', 'idle-ping 5s', 'init-state up', 'inter 2s'],
  ...['maxconn 10', 'maxqueue 10', 'minconn 2', 'no-check-sni-auto', 'no-sni-auto'],
  ...['no-ssl-reuse', 'no-sslv3', 'no-tls-tickets', 'no-tlsv12', 'non-stick', 'npn h2'],
  ...['observe layer4', 'on-error fastinter', 'on-marked-down shutdown-sessions'],
  ...['on-marked-up shutdown-backup-sessions', 'pool-conn-name src', 'pool-low-conn 2'],
  ...['pool-max-conn 3', 'pool-purge-delay 5s', 'port 81', 'proto h1', 'proxy-v2-options ssl'],
  ...['renegotiate', 'rise 2', 'send-proxy', 'send-proxy-v2', 'send-proxy-v2-ssl'],
  ...['send-proxy-v2-ssl-cn', 'set-proxy-v2-tlv-fmt(0x20) x', 'shard 1', 'sigalgs RSA+SHA256'],
  ...['slowstart 10s', 'sni str(a)', 'socks4 127.0.0.1:1', 'source 127.0.0.1 usesrc client'],
  ...['source 0.0.0.0 interface lo', 'ssl verify none', 'ssl-max-ver TLSv1.3', 'strict-maxconn'],
  ...['ssl-min-ver TLSv1.2', 'tcp-ut 5s', 'tfo', 'track be_app/tracked', 'verifyhost a.b', 'ws h1'],
  ...['namespace x', 'redir /x', 'max-reuse 3', 'log-proto octet-count'],
];

const fromFile = ['check inter 300s', 'no-backup', 'sni "str(a b)" weight 7', 'init-addr none'];

for (const [title, haproxy] of haproxyVersions) {
  describe(`add server, HAProxy ${title}`, unless(missingOf({ [title]: haproxy })), () => {
    const version = versionOf(haproxy === undefined ? '0.0' : haproxyBranch(haproxy)) ?? [0, 0, 0];
    const withTracked = ['balance roundrobin', 'server tracked 127.0.0.1:1 check inter 300s'];

    it('takes what is given to it, and refuses what is left out, for each keyword', async () => {
      const { ask } = await testBackendStand({ haproxy, backend: withTracked });
      const wrong: string[] = [];

      for (const [index, line] of lines.entries()) {
        const { words, unknown } = parseServerWords(line.split(' '));
        expect(unknown, line).toBeNull();
        const answer = await ask(`add server be_app/x${index} 127.0.0.1:80 ${line}`);
        const isTaken = answer.includes('New server registered');
        if (isTaken !== (addWords(words, version).refused.length === 0))
          wrong.push(`${line}: ${answer.trim()}`);
      }

      expect(wrong).toEqual([]);
    });

    it('gives the words of default-server to a server that is like one of the file', async () => {
      const words = fromFile.map((line) => `default-server ${line}`);
      const stand = await testBackendStand({
        haproxy,
        backend: ['balance roundrobin', ...words, 'server static1 127.0.0.1:1'],
      });
      const read = readBackend(stand.text(), 'be_app');
      if (read.kind === 'none') throw new Error(read.why);
      const given = addWords(read.defaultServer, version);
      expect(given.refused).toEqual([]);

      const line = given.words.map(commandWord).join(' ');
      const answer = await stand.ask(`add server be_app/x 127.0.0.1:80 id 70000 ${line}`);
      await stand.ask('enable health be_app/x');
      await stand.ask('enable server be_app/x');

      expect(answer).toContain('New server registered');
      const state = await stand.ask('show stat be_app 4 -1 typed');
      // Both are checked, and by the same.
      expect([...state.matchAll(/check_rise\S*:2$/gm)]).toHaveLength(2);
    });

    it.each([
      ['static-rr', ''],
      ['source', ''],
      ['source', 'hash-type consistent'],
      ['uri', 'hash-type map-based'],
      ['random', ''],
    ])('agrees on balance %s %s', async (balance, hash) => {
      const backend = [`balance ${balance}`, hash, 'server static1 127.0.0.1:1'];
      const stand = await testBackendStand({ haproxy, backend });
      const read = readBackend(stand.text(), 'be_app');
      if (read.kind === 'none') throw new Error(read.why);

      const answer = await stand.ask('add server be_app/x 127.0.0.1:80');

      expect(answer.includes('New server registered')).toBe(refusesServers(read) === null);
    });
  });
}
