// A file of its own, loaded at first use: a bundler can then leave out all of the library but KubeConfig.
export { KubeConfig } from '@kubernetes/client-node';
