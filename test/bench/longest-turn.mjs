/*
 * Loaded into a sidecar with `--import`: writes into the file LONGEST_TURN.<pid> the longest time, in milliseconds of the processor, that the program has used between
 * two looks of a timer of 1 ms, which is at least as long as its longest piece of work. Time in which the processor was somebody else's is not in it. The file is
 * emptied by whoever begins to measure: then it begins anew.
 */
import { statSync, writeFileSync } from 'node:fs';

const file = `${process.env.LONGEST_TURN}.${process.pid}`;
const used = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
let longest = 0;
let last = 0;
writeFileSync(file, '0');
// Not the loading of the program, which is one piece.
setTimeout(() => {
  last = used();
  setInterval(look, 1).unref();
}, 700).unref();

function look() {
  const turn = used() - last;
  // The work of a timer itself is shorter.
  if (turn > 1 && statSync(file).size === 0) longest = 0;
  if (turn > Math.max(1, longest)) {
    longest = turn;
    writeFileSync(file, longest.toFixed(1));
  }
  last = used();
}
