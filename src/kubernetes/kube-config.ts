// A file of its own, loaded at first use, and bundled by itself: so all of the library but KubeConfig is left out (test/tools/build.ts).
export { KubeConfig } from '@kubernetes/client-node';
