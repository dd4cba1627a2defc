import fc from 'fast-check';

/** What somebody would try who may write a name: lines, commands, quotes, variables, terminal sequences. */
const attempts = [
  'a\n  peer x 192.0.2.1:3000',
  'a 192.0.2.1:3000\n\nprogram p\n  command id\n#',
  'a\r\nbackend b',
  'a\u2028b',
  'a\u0000b',
  'a b',
  'a;reload',
  '"$HOSTNAME"',
  '$(id)',
  '`id`',
  '${HOME}',
  "a'b",
  'a\\nb',
  'a#b',
  'a/../b',
  'a%0ab',
  '\u001b]0;x\u0007',
  '\u009b31m',
  '\u202e',
  'é',
  'A',
  'a_b',
  '-a',
  'a-',
  'a..b',
  '.',
  '',
  `${'a'.repeat(254)}`,
];

/** Names that a hostile or careless author of a source may give. Some of them are good ones. */
export const anyName = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...attempts) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('web-1', 'b', 'c.d'), fc.constantFrom(...attempts))
      .map((parts) => parts.join('')),
  },
  { weight: 2, arbitrary: fc.constantFrom('web-0', 'web-1', 'a.b', '0', 'a'.repeat(253)) },
);

/** The same for addresses. */
export const anyAddress = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom(
    '10.0.0.1\n  peer x 192.0.2.1:3000',
    '10.0.0.1 #',
    'fe80::1%eth0',
    'fe80::1%$(id)',
    '10.0.0.1:3000',
    'example.com',
    '::1]:1 ssl verify none #',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
