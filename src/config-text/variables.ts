import { findSections, tokenize, type Variables } from './config-text.ts';

/**
 * The environment as HAProxy has it when it reads line `at`: its own, with what global sections set, and with
 * HAPROXY_LOCALPEER, which begins as the hostname and follows `localpeer` (src/haproxy.c, src/cfgparse-global.c; `-L` is
 * not known here). `env` is ours, which stands for that of HAProxy's container. From 3.1 on the master reads all global
 * sections once before the worker reads the file (seen with 3.4, not with 2.6 and 3.0): what comes to another value so is
 * not known, and left out.
 */
export function variablesAt(lines: readonly string[], at: number, env: Variables): Variables {
  return variablesIn(lines, env)(at);
}

/** The same for one line after the other: the global sections are looked for once. */
export function variablesIn(lines: readonly string[], env: Variables): (at: number) => Variables {
  const globals = findSections(lines).filter(({ keyword }) => keyword === 'global');
  const scan = (until: number, from: Variables): Variables =>
    globals
      .flatMap(({ start, end }) => lines.slice(start + 1, Math.min(end, until)))
      .reduce(
        (variables, line) =>
          after(
            tokenize(line, variables).map(({ text }) => text),
            variables,
          ),
        from,
      );
  const first = { ...env, HAPROXY_LOCALPEER: env.HOSTNAME };
  const whole = scan(lines.length, first);
  return (at) => {
    const once = scan(at, first);
    const twice = scan(at, whole);
    return Object.fromEntries(
      Object.entries(once).filter(([name, value]) => twice[name] === value),
    );
  };
}

function after(words: readonly string[], variables: Variables): Variables {
  const [keyword, first = '', second] = words;
  const named = words.slice(1);
  switch (keyword) {
    case 'localpeer':
      return { ...variables, HAPROXY_LOCALPEER: first };
    case 'setenv':
      return { ...variables, [first]: second };
    case 'presetenv':
      return { ...variables, [first]: variables[first] ?? second };
    case 'unsetenv':
      return without(variables, (name) => named.includes(name));
    case 'resetenv':
      return without(variables, (name) => !named.includes(name));
    default:
      return variables;
  }
}

function without(variables: Variables, isGone: (name: string) => boolean): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !isGone(name)));
}
