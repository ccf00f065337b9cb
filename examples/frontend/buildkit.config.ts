import { defineConfig } from '@monokit/config';

export default defineConfig({
  registries: { 'docker.io': { mirrors: ['../../.bases'] } },
  images: {
    packfile: {
      description: 'A frontend: a small language for images',
      context: 'packfile',
      contexts: { engine: '../../packages/engine' },
    },
    site: { description: 'An image in that language', context: 'site', dockerfile: 'Packfile', tags: 'site:dev' },
  },
});
