import { parse } from 'yaml';
import * as z from 'zod';
import { AppError, errorMessage } from '../errors.ts';
import { isDnsName, quoted } from '../model/names.ts';
import { canonicalAddress } from './address.ts';
import type { Candidate } from './choose-members.ts';

const listSchema = z.array(
  z.object({
    name: z.string().refine(isDnsName, {
      error: ({ input }) =>
        `${quoted(String(input))} is not the name of a pod: small letters, digits, "-" and "." only`,
    }),
    address: z.string().transform((text, context) => {
      const address = canonicalAddress(text);
      if (address !== undefined) return address;
      context.addIssue(`${quoted(text)} is not an IP address`);
      return z.NEVER;
    }),
  }),
);

/**
 * A members file (YAML or JSON, `- {name: a, address: 10.0.0.1}` each) as candidates.
 * Throws `AppError` MEMBERS_FILE_INVALID with every problem; an empty file is one, an empty list is not.
 */
export function parseMembersFile(text: string): readonly Candidate[] {
  const list = listSchema.safeParse(parseYaml(text));
  if (!list.success) {
    const problems = list.error.issues.map((issue) => {
      const where = issue.path.length === 0 ? 'the file' : `entry ${issue.path.join('.')}`;
      return `${where}: ${issue.message}`;
    });
    throw invalid(problems.join('; '));
  }
  return list.data.map(({ name, address }) => ({
    name,
    addresses: [address],
    terminating: false,
  }));
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw invalid(errorMessage(error).split('\n')[0] ?? '', error);
  }
}

function invalid(why: string, cause?: unknown): AppError {
  return new AppError('MEMBERS_FILE_INVALID', `The members file is wrong: ${why}`, { cause });
}
