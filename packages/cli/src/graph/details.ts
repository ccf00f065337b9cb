// The graph with all that a page tells of its steps.

import type { Outlook, SourcePlace } from '@monokit/engine';
import { mergedGraph, type ShownImage, type ShownStep } from './graph.ts';

export interface DetailedGraph {
  readonly images: readonly DetailedImage[];
  /** Inputs before what reads them. */
  readonly steps: readonly DetailedStep[];
}

export interface DetailedImage extends ShownImage {
  /** Digests of the steps that give it, one for each platform. */
  readonly roots: readonly string[];
}

export type StepKind = 'source' | 'exec' | 'file' | 'merge' | 'diff' | 'build' | 'passthrough';

export interface DetailedStep extends Omit<ShownStep, 'source'> {
  /** `folder` is what the file's name is relative to; absent where it is the one that is edited. */
  readonly source?: SourcePlace;
  readonly kind: StepKind;
  /** As in `linux/amd64`; absent where it does not matter. */
  readonly platform?: string;
  /** What the op says, a fact a line. Inputs are called `#1`, `#2` … by their place in `steps`. */
  readonly facts: readonly string[];
  readonly key: StepKey;
  /** Digest of the op with its inputs left out: equal for steps that do the same to whatever they are given. */
  readonly own: string;
  readonly outlook?: Outlook;
}

/** What its result is looked for under. */
export interface StepKey {
  /** Undefined for a source, which is keyed by what it finds. */
  readonly digest?: string;
  /** One for each input: how it counts. */
  readonly inputs: readonly string[];
}

export async function detailedGraph(
  images: Parameters<typeof mergedGraph>[0],
  outlooks?: ReadonlyMap<string, Outlook>,
): Promise<DetailedGraph> {
  const [{ opLines }, { opKey }, { marshalOp }, { formatPlatform }] = await Promise.all([
    import('@monokit/engine/llb/print'),
    import('@monokit/engine/llb/cache-key'),
    import('@monokit/engine/llb/op'),
    import('@monokit/engine/oci/platform'),
  ]);
  const { images: shown, steps, vertices } = await mergedGraph(images);
  const numbers = new Map(steps.map(({ digest }, i) => [digest, i + 1]));
  const nothing = `sha256:${'0'.repeat(64)}` as const;
  return {
    images: shown,
    steps: vertices.map((vertex, i): DetailedStep => {
      const { op, digest } = vertex;
      const names = op.inputs.map((input) => `#${numbers.get(input.digest)!}${input.index ? `.${input.index}` : ''}`);
      const outlook = outlooks?.get(digest);
      const key = op.kind === 'source' ? undefined : opKey(op);
      return {
        ...steps[i]!,
        ...(vertex.source && { source: vertex.source }),
        kind: op.kind,
        ...(op.platform && { platform: formatPlatform(op.platform) }),
        facts: opLines({ op }, names),
        key: {
          ...(key && { digest: key.digest }),
          inputs: (key?.deps ?? []).map(({ selector, content }, at) => inputKey(names[at]!, { selector, content })),
        },
        own: marshalOp({ ...op, inputs: op.inputs.map((input) => ({ ...input, digest: nothing })) }).digest,
        ...(outlook && { outlook }),
      };
    }),
  };
}

function inputKey(
  name: string,
  dep: {
    readonly selector: string | undefined;
    readonly content: readonly { readonly path: string }[] | undefined;
  },
): string {
  if (!dep.content) return `${name} by its own key`;
  const paths = dep.content.map(({ path }) => path).join(', ');
  return `${name} by its own key, or by the content of ${paths === '' ? 'all of it' : paths}`;
}
