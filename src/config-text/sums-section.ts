/** The peers section over which HAProxy and its sidecar talk of sums (`--aggregate`), and the sidecar's line in it. */
export const sumsSection = 'aggregate';
export const sumsPeer = 'agg';
/** The table by which the life of a HAProxy's memory is told from the next one. */
export const epochTable = 'agg.epoch';
