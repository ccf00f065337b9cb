import { defineConfig } from '@monokit/config';

export default defineConfig({
  registries: { 'docker.io': { mirrors: ['../../.bases'] } },
  // The targets of the bake file are images here, beside those below.
  sources: ['docker-bake.hcl'],
  images: {
    both: {
      description: 'What two targets of the bake file say',
      dockerfileInline: 'FROM scratch\nCOPY --from=plain /greeting /plain\nCOPY --from=loud /greeting /loud\n',
      contexts: { plain: 'target:api-plain', loud: 'target:api-loud' },
    },
  },
});
