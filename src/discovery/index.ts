import { createFileSource } from './file.ts';
import { createPodSource } from './kubernetes/pod-source.ts';

/** Every source by the name that `--source` takes. */
export const sources = {
  kubernetes: createPodSource,
  file: createFileSource,
} as const;

export type SourceName = keyof typeof sources;
