import type { Socket } from 'node:net';
import type * as z from 'zod';

/** One line is a small JSON object. */
const limit = 64 * 1024;

/** JSON values over a socket, one a line. A line that is too long, or is none that `schema` knows, ends the connection. */
export function createLines<T>(socket: Socket, schema: z.ZodType<T>, act: (value: T) => void) {
  let text = '';
  socket.setEncoding('utf8');
  // Kept after the end: who is cut off still tells of an error.
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: string) => {
    text += chunk;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n')) {
      const line = text.slice(0, at);
      text = text.slice(at + 1);
      const read = schema.safeParse(parsed(line));
      if (!read.success) return void socket.destroy();
      act(read.data);
    }
    if (text.length > limit) socket.destroy();
  });
  return {
    send(value: unknown): void {
      if (!socket.destroyed) socket.write(`${JSON.stringify(value)}\n`);
    },
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
