import type { Defined, Definition } from '@monokit/engine';
import { command } from '../command.ts';
import { imageFlags } from '../flags/build.ts';
import { workspaceFlags } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';
import { defineImages, type ShowInvocation } from '../tasks/defined-images.ts';

const views = ['dump-llb', 'cache-records'] as const;
const formats = ['protobuf', 'json', 'dot', 'text'] as const;

export const debug = command({
  summary: 'Look inside: dump-llb, cache-records',
  usage: '{dump-llb | cache-records} {IMAGE | FOLDER}',
  description: `
dump-llb writes the build graph of an image or a folder to standard output, as the
protobuf that BuildKit takes: \`cli debug dump-llb . | buildctl build …\`.

cache-records builds it and prints the records that a cache export would write:
digests, inputs with their selectors, and which record each links to. Two engines that
print the same records can use each other's caches.`,
  flags: {
    format: {
      kind: 'value',
      placeholder: 'FORMAT',
      among: formats,
      help: 'Of dump-llb; protobuf by default',
      env: false,
    },
    ...imageFlags,
    ...workspaceFlags,
  },
  examples: [
    ['cli debug dump-llb . > app.llb', 'the graph of the Dockerfile in this folder'],
    ['cli debug dump-llb api --format dot | dot -Tsvg > api.svg', 'a picture of it'],
    ['cli debug cache-records .', 'the records of this folder, as JSON'],
  ],
  async run(invocation) {
    const [view, ...positionals] = invocation.positionals;
    if (!views.includes(view as (typeof views)[number])) {
      const { nearest } = await import('@monokit/engine/std/nearest');
      const near = view === undefined ? undefined : nearest(view, views);
      const message = view === undefined ? 'debug needs a view' : `debug has no view ${JSON.stringify(view)}`;
      throw new Mistake(message, near ? `did you mean cli debug ${near}?` : `it has ${views.join(' and ')}`);
    }
    if (positionals.length === 0) throw new Mistake(`debug ${view} takes an image or a folder`);
    await using scope = new AsyncDisposableStack();
    const { engine, defined } = await defineImages(invocation, positionals, scope);
    if (defined.length !== 1) throw new Mistake(`debug ${view} takes one image, not ${defined.length}`);
    if (view === 'dump-llb') {
      await dumpLlb(defined[0]!, invocation);
      return 0;
    }
    if (invocation.flags.format !== undefined) throw new Mistake('--format goes with dump-llb');
    const records = await engine.cacheRecords(defined[0]!, { signal: invocation.signal, report: () => undefined });
    invocation.stdout.write(`${JSON.stringify(records, null, 2)}\n`);
    return 0;
  },
});

async function dumpLlb(
  { images, request }: Defined,
  { flags, stdout }: ShowInvocation & { readonly flags: { readonly format: string | undefined } },
): Promise<void> {
  const [image, another] = images;
  if (!image || another) {
    throw new Mistake(`${request.id} has ${images.length} platforms, and a dump has one`, 'choose it with --platform');
  }
  const format = flags.format ?? 'protobuf';
  if (format === 'protobuf' && stdout.isTTY) {
    throw new Mistake('protobuf does not belong on a terminal', 'send it into a file, or choose --format text');
  }
  stdout.write(await inFormat(image.definition, format));
}

async function inFormat(definition: Definition, format: string): Promise<string | Uint8Array> {
  switch (format) {
    case 'json':
      return (await import('@monokit/engine/llb/dump')).dumpJson(definition);
    case 'dot':
      return (await import('@monokit/engine/llb/dump')).dumpDot(definition);
    case 'text':
      return (await import('@monokit/engine/llb/print')).printDefinition(definition);
    default:
      return (await import('@monokit/engine/llb/definition')).marshalDefinition(definition);
  }
}
