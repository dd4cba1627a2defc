import { writeFileSync } from 'node:fs';
import { generatedDocs } from './generated-docs.ts';

for (const [path, text] of Object.entries(await generatedDocs())) {
  writeFileSync(path, text);
  console.log(`wrote ${path}`);
}
