/** Version of the program; test/repo checks that package.json says the same. */
export const version = '0.1.0';
