import { onTestFinished } from 'vitest';
import { freePort } from '../helpers/ports.ts';
import { type HaproxyStand, startHaproxyStand } from './haproxy-stand.ts';

export interface BackendStandOptions {
  readonly haproxy: string | undefined;
  /** Lines of the backend `be_app`. */
  readonly backend?: readonly string[];
  /** More sections. */
  readonly more?: string;
}

export interface BackendStand extends HaproxyStand {
  /** Port of the frontend before `be_app`. */
  readonly frontPort: number;
}

/** A real HAProxy with a frontend and the backend `be_app`, for the test that runs. */
export async function testBackendStand({
  haproxy = '',
  backend = ['balance roundrobin', 'server static1 127.0.0.1:1'],
  more = '',
}: BackendStandOptions): Promise<BackendStand> {
  const frontPort = await freePort();
  const stand = await startHaproxyStand({
    haproxy,
    peers: null,
    rewrite: (text) => `${text}
frontend public
  bind 127.0.0.1:${frontPort}
  default_backend be_app
backend be_app
${backend.map((line) => `  ${line}\n`).join('')}${more}`,
  });
  onTestFinished(stand.stop);
  return { ...stand, frontPort };
}
