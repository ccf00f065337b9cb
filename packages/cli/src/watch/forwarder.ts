// A port of this machine that leads to one of a container, as long as the container is there: its process may end and
// start again meanwhile, and be at another address then.

import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import type { PortSpec } from '@monokit/config';
import { Mistake } from '../mistake.ts';

export class Forwarder implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** Listens. `addressOf` says where the container is; undefined while nothing runs in it. Throws a `Mistake`. */
  static async open(
    { published, target, address, text }: PortSpec,
    addressOf: () => string | undefined,
  ): Promise<Forwarder> {
    const forwarder = new Forwarder(target, addressOf);
    const server = forwarder.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const port = `port ${published} of ${address ?? 'this machine'}`;
        if (cause.code === 'EADDRINUSE')
          return reject(
            new Mistake(
              `${port} is in use already, and ${text} would lead from there`,
              'end what listens on it, or publish another port',
            ),
          );
        reject(new Mistake(`${port} cannot be listened on, as ${text} says: ${cause.message}`));
      });
      server.listen({ port: published ?? 0, ...(address !== undefined && { host: address }) }, resolve);
    });
    return forwarder;
  }

  private constructor(target: number, addressOf: () => string | undefined) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (outside) => {
      const host = addressOf();
      if (host === undefined) return void outside.destroy();
      const inside = connect({ port: target, host, allowHalfOpen: true, noDelay: true });
      for (const [socket, other] of [
        [outside, inside],
        [inside, outside],
      ] as const) {
        this.#sockets.add(socket);
        socket.pipe(other);
        // Its end follows: nothing listens there yet, or somebody has gone.
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          if (!socket.readableEnded) other.destroy();
        });
      }
    });
  }

  /** Where it listens. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
