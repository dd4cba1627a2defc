/** Files that get a second try at most: with more, something is broken and not slow. */
const atMost = 3;

/**
 * The files to run once more, alone, after a run that failed; none where a second try would prove nothing. Only tests with real
 * programs get one: they share the machine with each other and have bounds for what they wait for, so that a machine that stands
 * still for seconds fails them. Everything else gives the same result each time it is run.
 */
export function secondTry({ files, outside }) {
  const failed = Object.keys(files).filter((file) => files[file].failed > 0);
  const real = failed.every((file) => /^test\/(integration|e2e)\//.test(file));
  return outside === 0 && real && failed.length <= atMost ? failed : [];
}

/** The first run with what the second one found in its files: what failed the first time is unsteady, or has failed. */
export function afterSecondTry(first, second) {
  return { ...first, ...second, files: { ...first.files, ...second.files } };
}

/** The sums of a run over its files. */
export function sums({ files, outside }) {
  const of = (what) => Object.values(files).reduce((sum, file) => sum + file[what], 0);
  return { passed: of('passed'), failed: of('failed') + outside, skipped: of('skipped') };
}
