/** Why end-to-end tests are skipped; undefined where there is a cluster. */
export const noCluster = process.env.KUBECONFIG
  ? undefined
  : 'KUBECONFIG names no cluster; kind/up.sh makes one';
