import { command } from '../command.ts';
import { imageFlags } from '../flags/build.ts';
import { workspaceFlags } from '../flags/workspace.ts';
import { graphOf } from '../graph/graph.ts';
import { Mistake } from '../mistake.ts';
import { pageFlags } from '../page/flags.ts';
import { defineImages } from '../tasks/defined-images.ts';

export const graph = command({
  summary: 'Print the graph of images, stages and steps',
  usage: '[all | IMAGE | GROUP | GLOB | IMAGE#STAGE]… | FOLDER',
  description: `
Shows what the chosen images are made of and how they hang together: which are built
from which, their stages and steps, and which steps they share: those run once.
Nothing is built.

With --open it is a page on this machine to walk through and search: what the cache holds, what
each step is made of and keyed by, the critical path, and with --events a build that goes on.`,
  flags: {
    format: {
      kind: 'value',
      placeholder: 'FORMAT',
      among: ['text', 'dot', 'mermaid', 'json', 'svg'],
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
    open: { kind: 'switch', help: 'Show it on a page of this machine, with what the cache holds' },
    events: {
      kind: 'value',
      placeholder: 'FILE',
      help: 'With --open: follow a build by the lines of its --json, in a file or from standard input (-)',
      env: false,
    },
    ...pageFlags,
    ...imageFlags,
    ...workspaceFlags,
  },
  examples: [
    ['cli graph all', 'which images are built from which'],
    ['cli graph all --level step', 'their steps too, with who shares them'],
    ['cli graph . --format svg > graph.svg', 'a picture of the Dockerfile in this folder'],
    ['cli graph all --open', 'a page to walk through it'],
    ['cli graph all --open --events -', 'the same while it is built, behind cli build all --json |'],
  ],
  async run(invocation) {
    const { flags, positionals, stdout } = invocation;
    await using scope = new AsyncDisposableStack();
    if (flags.events !== undefined && !flags.open) throw new Mistake('--events goes with --open');
    if (flags.open && flags.format !== undefined) throw new Mistake('--open shows a page, and --format prints');
    const images = await defineImages(invocation, positionals, scope);
    const level = (flags.level ?? (images.defined.length === 1 ? 'step' : 'image')) as 'image' | 'step';
    if (flags.open) {
      const [{ detailedGraph }, { followEvents, showGraph }, { untilStopped }] = await Promise.all([
        import('../graph/details.ts'),
        import('../graph/page.ts'),
        import('../page/show.ts'),
      ]);
      const work = { signal: invocation.signal, report: () => undefined };
      const { steps } = await images.engine.forecast(images.defined, { ...work, reach: 'here' });
      const outlooks = new Map([...steps].map(([digest, { outlook }]) => [digest, outlook]));
      const graph = await detailedGraph(images, outlooks);
      // The page needs no engine, and others may want the cache.
      await scope.disposeAsync();
      const events = flags.events === undefined ? undefined : followEvents(flags.events, invocation);
      await using _page = await showGraph({ graph, level, events }, flags, invocation);
      return await untilStopped(invocation);
    }
    const whole = await graphOf(images);
    const format = flags.format ?? 'text';
    switch (format) {
      case 'json': {
        const { images, steps } = whole;
        stdout.write(`${JSON.stringify(level === 'image' ? { images } : { images, steps }, null, 2)}\n`);
        break;
      }
      case 'svg': {
        const [{ detailedGraph }, { svgFile }] = await Promise.all([
          import('../graph/details.ts'),
          import('../graph/svg-file.ts'),
        ]);
        stdout.write(svgFile(await detailedGraph(images), level));
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
