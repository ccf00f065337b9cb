import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { makeTempFolder } from '../std/temp.ts';
import type { SshAgent } from './session.ts';

// Message types of the agent protocol (draft-miller-ssh-agent).
const requestIdentities = 11;
const signRequest = 13;
const failureReply = Buffer.from([0, 0, 0, 1, 5]);
const messageLimit = 256 * 1024;

/**
 * A socket in a folder of its own that passes requests to list keys and to sign on to an agent, and refuses all others:
 * a build step must not add, remove or lock the keys of the person whose agent it uses.
 */
export async function serveAgent(upstream: string): Promise<SshAgent> {
  const folder = makeTempFolder({ prefix: 'monokit-ssh-' });
  const socket = join(folder.path, 'agent');
  const connections = new Set<Socket>();
  const server = createServer((client) => {
    const agent = connect(upstream);
    for (const side of [client, agent]) {
      connections.add(side);
      side.once('close', () => {
        connections.delete(side);
        client.destroy();
        agent.destroy();
      });
      // A side that breaks closes both; whoever uses them notices.
      side.on('error', () => {});
    }
    agent.pipe(client);
    filterRequests(client, agent);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve));
  server.unref();
  return {
    socket,
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await folder[Symbol.asyncDispose]();
    },
  };
}

function filterRequests(client: Socket, agent: Socket): void {
  let held = Buffer.alloc(0);
  client.on('data', (data: Buffer) => {
    held = Buffer.concat([held, data]);
    while (held.length >= 5) {
      const length = held.readUInt32BE(0);
      if (length === 0 || length > messageLimit) return void client.destroy();
      if (held.length < 4 + length) return;
      const [message, type] = [held.subarray(0, 4 + length), held[4]];
      held = held.subarray(4 + length);
      if (type === requestIdentities || type === signRequest) agent.write(message);
      else client.write(failureReply);
    }
  });
  client.on('end', () => agent.end());
}
