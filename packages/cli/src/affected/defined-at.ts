// The images of a workspace as their definitions stand in some folder, in a form that can be compared between folders.

import { realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Writable } from 'node:stream';
import type { SolveRequest, SourcePlace } from '@monokit/engine';
import type { FolderRead } from '@monokit/engine/affected';
import { digestOf } from '@monokit/engine/oci/digest';
import { imageFlags } from '../flags/build.ts';
import { parseFlags } from '../flags/flags.ts';
import { wholeWorkspace, workspaceFlags } from '../flags/workspace.ts';
import { rootOf } from '../graph/graph.ts';
import { defineImages, type ShowInvocation } from '../tasks/defined-images.ts';

/** An image, or one platform of it. */
export interface PlacedImage {
  readonly id: string;
  readonly steps: readonly PlacedStep[];
  /** Digest of the image's config. */
  readonly config: string;
  /** All else that its digest depends on: how it is packed, and what is written beside it. */
  readonly form: string;
  readonly reads: readonly FolderRead[];
}

export interface PlacedStep {
  readonly name: string;
  /** `base/Dockerfile:3`, from the top of the repository, where it is known. */
  readonly place?: string;
  /** What it does and with what, whatever folder the workspace lies in and whatever is ignored there. */
  readonly print: string;
}

/** What a workspace builds. */
export interface PlacedWorkspace {
  /** Real path that folders of reads are compared with. */
  readonly top: string;
  readonly images: readonly PlacedImage[];
  /** Which images are built from which, as pairs of ids. */
  readonly needs: readonly (readonly [from: string, to: string])[];
  /** Which only have to wait for which. */
  readonly waits: readonly (readonly [from: string, to: string])[];
}

/** Defines every image of the workspace that rules `cwd`, in the repository whose top is `top`. */
export async function definedAt(
  invocation: ShowInvocation,
  { cwd, top }: { readonly cwd: string; readonly top: string },
  scope: AsyncDisposableStack,
): Promise<PlacedWorkspace> {
  // Commands that only list images don't take the flags about one.
  const { given } = parseFlags([], { ...imageFlags, ...workspaceFlags }, {});
  const flags = { ...given, ...invocation.flags, ...wholeWorkspace };
  // What there is to say of the workspace was said when it was opened.
  const stderr = new Writable({ write: (_chunk, _encoding, done) => done() }) as NodeJS.WriteStream;
  const [{ defined, needs, tasks }, { mergeDefinitions }, { folderReads }, { opKey }] = await Promise.all([
    defineImages({ ...invocation, cwd, flags, stderr }, ['all'], scope),
    import('@monokit/engine/llb/graph'),
    import('@monokit/engine/affected'),
    import('@monokit/engine/llb/cache-key'),
  ]);
  const real = realpathSync(top);
  const images = defined.flatMap((each) =>
    each.images.map(({ definition, config }): PlacedImage => {
      const folder = (name: string, digest: Parameters<typeof rootOf>[2]) => {
        const root = rootOf(each, name, digest);
        return root === undefined ? undefined : realpathSync(root);
      };
      const sourceFolder = (digest: Parameters<typeof rootOf>[2]) => folder('dockerfile', digest);
      const graph = mergeDefinitions([{ definition, folder, sourceFolder }]);
      const prints = new Map<unknown, string>();
      const steps = graph.vertices.map((vertex): PlacedStep => {
        const { op, inputs, name, source } = vertex;
        const key = op.kind === 'source' ? sourcePrint(op, real) : opKey(op);
        const print = digestOf(
          JSON.stringify([key, inputs.map(({ vertex: from, index }) => [prints.get(from), index])]),
        );
        prints.set(vertex, print);
        return { name, print, ...(source && { place: placeOf(source, real) }) };
      });
      return {
        id: each.request.id,
        steps,
        config: digestOf(JSON.stringify(config ?? null)),
        form: formOf(each.request),
        reads: folderReads(graph),
      };
    }),
  );
  const waits = tasks.flatMap(({ request, dependsOn = [] }) => dependsOn.map((id) => [request.id, id] as const));
  return { top: real, images, needs, waits };
}

/** Attributes of outputs that say where an image goes and not what it is. */
const whereabouts = new Set(
  'name name-canonical dangling-name-prefix push push-by-digest registry.insecure store unpack tar dest into load'.split(
    ' ',
  ),
);

function formOf({ exports, source }: SolveRequest): string {
  const forms = exports.map(({ attrs }) =>
    JSON.stringify(
      Object.entries(attrs)
        .filter(([name]) => !whereabouts.has(name))
        .sort(),
    ),
  );
  const options = source.kind === 'frontend' ? Object.entries(source.options) : [];
  const attests = options.filter(([name]) => name.startsWith('attest:')).sort();
  return JSON.stringify([[...new Set(forms)].sort(), attests]);
}

/** `base/Dockerfile:3`, from the top of the repository. */
export function placeOf({ file, folder, lines }: SourcePlace, top: string): string {
  return `${folder === undefined ? file : relative(top, join(folder, file))}:${lines[0]}`;
}

type SourceOp = Extract<FolderRead['reader']['op'], { readonly kind: 'source' }>;

/** What a source means. Of a folder that is where it lies; what is read of it is compared by itself. */
function sourcePrint({ identifier, attrs }: SourceOp, top: string): unknown {
  const scheme = 'local://';
  if (!identifier.startsWith(scheme)) return [identifier, [...attrs].sort()];
  const folder = identifier.slice(scheme.length);
  const place = relative(top, folder);
  return [place.startsWith('..') ? folder : place, attrs.get('local.includepattern')];
}
