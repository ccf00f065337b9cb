import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Stands in front of a server and cuts connections after so many bytes from the client, as often as it is told. */
export class BreakingProxy implements AsyncDisposable {
  /** Bytes of each connection, in order, after which it is cut; later ones are left alone. */
  readonly cuts: number[] = [];
  /** Connections that were cut. */
  broken = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server;

  static async open(to: string): Promise<BreakingProxy> {
    const proxy = new BreakingProxy(to);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  private constructor(to: string) {
    const [host, port] = to.split(':');
    this.#server = createServer((client) => {
      const server = connect(Number(port), host);
      for (const socket of [client, server]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined); // the other side hears of it by its end
        socket.on('close', () => this.#sockets.delete(socket));
      }
      server.pipe(client);
      client.on('close', () => server.destroy());
      let sent = 0;
      client.on('data', (piece: Buffer) => {
        const [cut] = this.cuts;
        sent += piece.length;
        if (cut === undefined || sent < cut) return void server.write(piece);
        this.cuts.shift();
        this.broken++;
        // What came before the cut arrives.
        server.end(piece.subarray(0, Math.max(0, piece.length - (sent - cut))), () => client.destroy());
      });
    });
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
