import { createServer, type Server, type Socket } from 'node:net';
import { UserError } from '../../../errors.ts';
import { canonicalAddress } from '../../../sources/address.ts';

/** The other end's, as `Member.address`: a socket for both families shows IPv4 as a part of IPv6. */
export function addressOf({ remoteAddress = '' }: Socket): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress)?.[1];
  return mapped ?? canonicalAddress(remoteAddress) ?? remoteAddress;
}

export interface Listening {
  readonly server: Server;
  readonly port: number;
}

/** `UserError` CONFIG_INVALID where the port is taken. */
export function listen(
  {
    host,
    port,
    option = '--relay-port',
  }: { readonly host: string; readonly port: number; readonly option?: string },
  onSocket: (socket: Socket) => void,
): Promise<Listening> {
  const server = createServer({ noDelay: true }, onSocket);
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new UserError('CONFIG_INVALID', `Cannot listen on ${host}:${port}: ${error.message}`, {
          hint: `Give another ${option}, or free the port.`,
          cause: error,
        }),
      ),
    );
    server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
      const address = server.address();
      server.on('error', () => {});
      resolve({ server, port: typeof address === 'object' && address ? address.port : port });
    });
  });
}
