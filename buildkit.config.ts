import { defineConfig } from '@monokit/config';
import { hello } from './examples/typescript/hello.ts';

export default defineConfig({
  // Base images are looked for here before the registry is asked: `sh scripts/setup.sh` makes stand-ins (docs/offline.md).
  registries: { 'docker.io': { mirrors: ['./.bases'] } },
  groups: {
    default: ['parallel', 'monorepo', 'hello'],
    monorepo: ['base', 'api', 'web', 'tool', 'worker', 'release'],
  },
  images: {
    parallel: { description: 'Four stages at the same time', context: 'examples/parallel' },

    base: { description: 'What the services stand on', context: 'examples/monorepo/base' },
    api: {
      description: 'A Node service, tested while it is built',
      context: 'examples/monorepo/api',
      tags: 'api:dev',
      // With `cli watch api --up` a saved file is in the running service at once; what is built is tested, as ever.
      watch: {
        // The first process of a container ends by no other signal that it doesn't handle.
        stopSignal: 'SIGKILL',
        actions: [
          { action: 'sync+restart', path: 'examples/monorepo/api/src', target: '/app/src', ignore: ['*.test.mjs'] },
        ],
      },
    },
    web: { description: 'A static site', context: 'examples/monorepo/web', tags: 'web:dev' },
    tool: { description: 'A C program FROM scratch', context: 'examples/monorepo/tool', tags: 'tool:dev' },
    worker: {
      description: 'One Dockerfile, a variant for each queue',
      context: 'examples/monorepo/worker',
      matrix: { queue: ['mail', 'reports', 'thumbnails'] },
      args: { QUEUE: '${queue}' },
      tags: 'worker:${queue}',
    },
    release: { description: 'What two others made, in one archive', context: 'examples/monorepo/release' },

    hello: { description: 'An image written in TypeScript', define: hello, tags: 'hello:dev' },
  },
});
