import { createDnsSource } from './dns.ts';
import { createFileSource } from './file.ts';
import { createPodSource } from './kubernetes/pod-source.ts';
import { createSliceSource } from './kubernetes/slice-source.ts';

/** Every source by the name that `--source` takes. */
export const sources = {
  kubernetes: createPodSource,
  service: createSliceSource,
  dns: createDnsSource,
  file: createFileSource,
} as const;

export type SourceName = keyof typeof sources;
