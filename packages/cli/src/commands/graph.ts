import { imageFlags } from '../build-flags.ts';
import { command } from '../command.ts';
import { defineImages } from '../defined-images.ts';
import { graphOf } from '../graph/graph.ts';
import { workspaceFlags } from '../workspace-flags.ts';

export const graph = command({
  summary: 'Print the graph of images, stages and steps',
  usage: '[all | IMAGE | GROUP | GLOB | IMAGE#STAGE]… | FOLDER',
  description: `
Shows what the chosen images are made of and how they hang together: which are built
from which, their stages and steps, and which steps they share, for those run once.
Nothing is built.`,
  flags: {
    format: {
      kind: 'value',
      placeholder: 'FORMAT',
      among: ['text', 'dot', 'mermaid', 'json'],
      help: 'How to print it; text by default',
      env: false,
    },
    level: {
      kind: 'value',
      placeholder: 'LEVEL',
      among: ['image', 'step'],
      help: 'Images alone, or with their steps: the default for a folder or a single image',
      env: false,
    },
    ...imageFlags,
    ...workspaceFlags,
  },
  examples: [
    ['cli graph all', 'which images are built from which'],
    ['cli graph all --level step', 'their steps too, with who shares them'],
    ['cli graph . --format dot | dot -Tsvg > graph.svg', 'a picture of the Dockerfile in this folder'],
  ],
  async run(invocation) {
    const { flags, positionals, stdout } = invocation;
    await using scope = new AsyncDisposableStack();
    const images = await defineImages(invocation, positionals, scope);
    const whole = await graphOf(images);
    const level = flags.level ?? (images.defined.length === 1 ? 'step' : 'image');
    const format = flags.format ?? 'text';
    switch (format) {
      case 'json': {
        const { images, steps } = whole;
        stdout.write(`${JSON.stringify(level === 'image' ? { images } : { images, steps }, null, 2)}\n`);
        break;
      }
      case 'dot':
      case 'mermaid': {
        const { drawn, edgesOf } = await import('../graph/drawn.ts');
        stdout.write(drawn(edgesOf(whole, level), format));
        break;
      }
      default: {
        const { imageTree, stepTree } = await import('../graph/tree.ts');
        stdout.write((level === 'image' ? imageTree : stepTree)(whole, stdout));
      }
    }
    return 0;
  },
});
