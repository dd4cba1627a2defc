import { Socket, type SocketConstructorOpts } from 'node:net';
import { startTimer } from '../../../clock.ts';

/** It has closed while something was on its way there. */
const closedCodes: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET']);

/** Of an error of Node: the other side is gone. */
export function isClosedCode(code: string | undefined): boolean {
  return closedCodes.has(code ?? '');
}

/** What waits in the receive buffer is read in milliseconds, unless nobody reads. */
const readLastMs = 5000;

type Callback = (error?: Error | null) => void;

/**
 * A socket that still reads when the other side has closed while something was written. Node destroys a socket whose write
 * fails, and what the other side wrote last, which waits in the receive buffer, is gone. Here such a write counts as done, since nobody
 * will read it anyway, and the end comes from reading: at the end of the bytes, or after 5 s.
 */
export class LegSocket extends Socket {
  readonly #lost: (code: string) => void;
  #isLost = false;

  /** `lost` is called once, with the code of the first write that failed. */
  constructor(options: SocketConstructorOpts, lost: (code: string) => void) {
    super(options);
    this.#lost = lost;
  }

  override _write(chunk: unknown, encoding: BufferEncoding, callback: Callback): void {
    super._write(chunk, encoding, this.#forgiving(callback));
  }

  override _writev(
    chunks: { chunk: unknown; encoding: BufferEncoding }[],
    callback: Callback,
  ): void {
    super._writev?.(chunks, this.#forgiving(callback));
  }

  #forgiving(callback: Callback): Callback {
    return (error) => {
      const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
      if (code === undefined || !isClosedCode(code)) return callback(error);
      this.#noteLoss(code);
      callback();
    };
  }

  #noteLoss(code: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#lost(code);
    this.once(
      'close',
      startTimer(() => this.destroy(), readLastMs),
    );
  }
}
