import { UserError } from '../errors.ts';
import { noChanges } from '../model/changes.ts';
import { isEverywhere, lessonLine } from '../model/lesson-line.ts';
import { findSection, splitLines, tokenize } from './config-text.ts';
import { type ListenInput, listening, reaches } from './listen.ts';
import { editPeersSection, readPeersSection } from './peers-text.ts';

/** Whether a line of the section says that peers speak TLS, in one direction or both. */
export function mentionsTls(text: string, sectionName: string): boolean {
  const lines = splitLines(text);
  const section = findSection(lines, 'peers', sectionName);
  const body = section === undefined ? [] : lines.slice(section.start + 1, section.end);
  return body.some((line) => {
    const [keyword, ...words] = tokenize(line).map((token) => token.text);
    return keyword !== undefined && !keyword.startsWith('#') && words.includes('ssl');
  });
}

function refused(why: string, hint: string): UserError {
  return new UserError('CONFIG_INVALID', `There can be no line for lessons: ${why}.`, { hint });
}

const leaveOut = 'Leave --lessons out, or change the template.';

/**
 * The text with a peer line that points at the own HAProxy itself, on which lessons are given and taken (model/lesson-line.ts).
 * A text that has it comes back as it is. `UserError` CONFIG_INVALID where there can be none.
 */
export function withLessonLine(text: string, input: ListenInput): string {
  const { sectionName, self, port, env } = input;
  const section = readPeersSection(text, sectionName, env);
  if (section.lesson !== undefined) return text;
  if (section.entries.some(({ name }) => name === lessonLine))
    throw refused(`another peer is called ${lessonLine}`, leaveOut);
  if (mentionsTls(text, sectionName))
    throw refused('the peers of the section speak TLS, and lessons do not', leaveOut);
  const own = listening(text, input).find(
    (each) => each !== null && each.port === port && reaches(each.address, self.address),
  );
  if (!own) {
    const why = `where section ${sectionName} listens is not known here, or not at port ${port}`;
    throw refused(why, 'Write address and port in its bind line, or leave --lessons out.');
  }
  const loopback = self.address.includes(':') ? '::1' : '127.0.0.1';
  const address = isEverywhere(own.address) ? loopback : own.address;
  const add = [{ name: lessonLine, address, port }];
  return editPeersSection(text, sectionName, { ...noChanges, add }, env);
}
