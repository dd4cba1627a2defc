import { dirname, join } from 'node:path';
import * as z from 'zod';
import { type FileAccess, readText, writeFileAtomic } from '../../../files/files.ts';

const mountedSchema = z.object({
  /** The text of a template. */
  template: z.string(),
  /** Digests of the other files that are followed, by path; init knows none. */
  files: z.record(z.string(), z.string()).readonly(),
});
const schema = mountedSchema.extend({ written: mountedSchema.optional() });

/** What HAProxy has loaded, and in `written` what haproxy.cfg may be made from since. */
export type TemplateNote = Readonly<z.infer<typeof schema>>;

function fileBeside(configFile: string): string {
  return join(dirname(configFile), 'haproxy-peer-sync.template.json');
}

/** Without `access` the file keeps its mode. Throws `AppError` FILE_WRITE_FAILED. */
export async function writeTemplateNote(
  configFile: string,
  note: TemplateNote,
  access?: FileAccess,
): Promise<void> {
  await writeFileAtomic(fileBeside(configFile), `${JSON.stringify(note)}\n`, access);
}

/** Null: nobody has noted which template is in force. */
export async function readTemplateNote(configFile: string): Promise<TemplateNote | null> {
  try {
    return schema.safeParse(JSON.parse(await readText(fileBeside(configFile)))).data ?? null;
  } catch {
    return null;
  }
}
