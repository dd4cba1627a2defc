import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RemoteError } from '../../../../../src/errors.ts';
import { bundleOf, tlsFiles, writeTlsFiles } from '../../../../../src/haproxy/tls-material.ts';
import type { TlsMaterial } from '../../../../../src/model/peers-tls.ts';
import {
  createRenewal,
  type Renewal,
  type RenewalOptions,
} from '../../../../../src/modules/peers/tls/renewal.ts';
import { capturedLog } from '../../../../helpers/captured-log.ts';
import { createCa, type TestCa } from '../../../../helpers/certificates.ts';
import { suiteFolder } from '../../../../helpers/test-folder.ts';

const never = new AbortController().signal;
const directory = suiteFolder();
let ca: TestCa;
let first: TlsMaterial;
let second: TlsMaterial;
let otherCa: TlsMaterial;
beforeAll(() => {
  ca = createCa(directory);
  [first, second] = [ca.issue(), ca.issue()];
  otherCa = createCa(directory, 'other').issue();
});

/** Of the reload that it asks for; null: it asks for none. */
function reasonOf(renewal: Renewal): string | null {
  return renewal.request()?.reasons.join() ?? null;
}

function setUp(part: Partial<RenewalOptions> = {}) {
  const files = tlsFiles(join(directory, 'haproxy.cfg'));
  const said: string[] = [];
  const { log, lines } = capturedLog();
  let secret = first;
  const renewal = createRenewal({
    files,
    now: () => 0,
    read: async () => secret,
    replace: async (kind) => {
      said.push(kind);
      return true;
    },
    log,
    onOutcome: (outcome) => said.push(`outcome ${outcome}`),
    onExpiry: () => {},
    ...part,
  });
  return {
    renewal,
    said,
    lines,
    files,
    written: () => readFileSync(files.bundle, 'utf8'),
    renew: (next: TlsMaterial) => {
      secret = next;
    },
  };
}

beforeEach(() => writeTlsFiles(tlsFiles(join(directory, 'haproxy.cfg')), first));

describe('createRenewal', () => {
  it('does nothing while the Secret is what HAProxy has', async () => {
    const { renewal, said } = setUp();

    await renewal.runtime(true, never);

    expect(said).toEqual([]);
    expect(reasonOf(renewal)).toBeNull();
  });

  it('tells HAProxy of a renewed certificate, then writes the file', async () => {
    const { renewal, said, renew, written } = setUp();
    renew(second);

    await renewal.runtime(true, never);
    await renewal.runtime(true, never);

    expect(said).toEqual(['cert', 'outcome renewed']);
    expect(written()).toBe(bundleOf(second));
    expect(reasonOf(renewal)).toBeNull();
  });

  it('replaces the certificate before the CA', async () => {
    const { renewal, said, renew } = setUp();
    renew(otherCa);

    await renewal.runtime(true, never);

    expect(said).toEqual(['cert', 'ca-file', 'outcome renewed']);
  });

  it('wants one reload where HAProxy does not take it, and writes the file just before', async () => {
    const { renewal, said, renew, written } = setUp({ replace: async () => false });
    renew(second);

    await renewal.runtime(true, never);
    await renewal.runtime(true, never);
    const before = written();
    const reason = reasonOf(renewal);
    await renewal.prepare();
    const between = written();
    renewal.reloaded();
    await renewal.runtime(true, never);

    expect(before).toBe(bundleOf(first));
    expect(reason).toContain('needs a reload');
    expect(between).toBe(bundleOf(second));
    expect(said).toEqual(['outcome reload']);
    expect(reasonOf(renewal)).toBeNull();
  });

  it('still wants the reload after one that failed', async () => {
    const { renewal, renew } = setUp({ replace: async () => false });
    renew(second);

    await renewal.runtime(true, never);
    await renewal.prepare();
    await renewal.runtime(true, never);

    expect(reasonOf(renewal)).not.toBeNull();
  });

  it('keeps the old files and says it once while HAProxy does not answer, and goes on afterwards', async () => {
    let answers = false;
    const { renewal, said, renew, written, lines } = setUp({
      replace: async () => {
        if (!answers)
          throw new RemoteError('HAPROXY_UNREACHABLE', 'no answer', { retryable: true });
        return true;
      },
    });
    renew(second);

    await renewal.runtime(true, never);
    await renewal.runtime(true, never);
    const kept = written();
    answers = true;
    await renewal.runtime(true, never);

    expect(kept).toBe(bundleOf(first));
    expect(said).toEqual(['outcome failed', 'outcome renewed']);
    expect(lines.filter(({ code }) => code === 'HAPROXY_UNREACHABLE')).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain('PRIVATE KEY');
    expect(written()).toBe(bundleOf(second));
  });
});
