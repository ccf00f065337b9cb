// What an image was made of in one run, in words that can be compared with those of another run.

import { hash } from 'node:crypto';
import { join, relative } from 'node:path';
import type { ImageConfig, ImageKeys, SourcePlace, StepKey } from '@monokit/engine';
import { formatPlatform } from '@monokit/engine/oci/platform';
import { declaredIn, type Declared } from './declared.ts';
import type { Veil } from './veil.ts';

/** Of one image: all its platforms, and what the frontend was asked. */
export interface Components {
  readonly version: 1;
  /** The frontend's options, by BuildKit's names: `target`, `build-arg:NAME` … */
  readonly asked: Readonly<Record<string, string>>;
  readonly platforms: readonly PlatformComponents[];
}

export interface PlatformComponents {
  readonly platform: string;
  /** What the image's config says: `cmd`, `env NAME`, `label NAME` … */
  readonly config: Readonly<Record<string, string>>;
  /** Variables that the Dockerfiles declare. */
  readonly declared: readonly Declared[];
  /** Inputs before what reads them. */
  readonly steps: readonly StepComponents[];
}

export interface StepComponents {
  /** Of its vertex, as run records name it. */
  readonly digest: string;
  readonly name: string;
  readonly kind: StepKey['kind'];
  /** Id of the image whose Dockerfile has it, if that is another one. */
  readonly owner?: string;
  /** From the root of the workspace, as all paths here. */
  readonly file?: string;
  /** The first and the last. */
  readonly lines?: readonly [number, number];
  /** As it was written. */
  readonly text?: string;
  /** Indexes of steps. */
  readonly inputs: readonly number[];
  /** Equal for steps that do the same, whatever they are given. */
  readonly own: string;
  /** What a source was settled to. */
  readonly pin?: string;
  /** It was told to run, whatever was there. */
  readonly forced?: true;
  readonly parts: Readonly<Record<string, string>>;
  readonly reads?: readonly ReadComponents[];
}

/** What a step reads of a client's folder. */
export interface ReadComponents {
  /** The step that is the folder. */
  readonly folder: number;
  readonly path: string;
  /** Equal for equal content. */
  readonly content: string;
  /** Names the entries. */
  readonly list: string;
}

/** Equal for what is equal in all that is told of an image; cheap, since nothing is taken apart for it. */
export function nameOfComponents(keys: readonly ImageKeys[], asked: Readonly<Record<string, string>>): string {
  const parts = keys.map(({ platform, config, steps }) => [
    platform,
    config && configFacts(config),
    steps.map(({ digest, owner, ignoreCache, pin, source, reads }) => [
      digest,
      owner,
      ignoreCache,
      pin,
      source?.lines,
      reads.map(({ content }) => content),
    ]),
  ]);
  return hash('sha256', JSON.stringify([1, Object.entries(asked).sort(), parts]), 'hex').slice(0, 32);
}

/** Takes apart what an image is made of; what may be a secret is veiled. */
export function componentsOf(
  keys: readonly ImageKeys[],
  {
    id,
    asked,
    root,
    veil: given,
  }: {
    readonly id: string;
    readonly asked: Readonly<Record<string, string>>;
    readonly root: string;
    readonly veil: Veil;
  },
): Components {
  const veil = given.knowing(asked);
  return {
    version: 1,
    asked: veil.all(asked),
    platforms: keys.map(({ platform, config, steps, files }) => ({
      platform: formatPlatform(platform),
      config: veil.all(config ? configFacts(config) : {}),
      declared: files.flatMap(({ filename, data }) =>
        declaredIn(filename, Buffer.from(data).toString()).map((each) => ({
          ...each,
          value: veil.value(each.name, each.value),
        })),
      ),
      steps: steps.map((step) => stepComponents(step, { id, root, veil, steps })),
    })),
  };
}

function stepComponents(
  step: StepKey,
  {
    id,
    root,
    veil,
    steps,
  }: { readonly id: string; readonly root: string; readonly veil: Veil; readonly steps: readonly StepKey[] },
): StepComponents {
  const { digest, name, kind, owner, source, inputs, pin, ignoreCache, reads } = step;
  const text = step.text();
  return {
    digest,
    name: veil.text(name),
    kind,
    ...(owner !== id && { owner }),
    ...(source && { file: fileOf(source, root), lines: source.lines }),
    ...(text !== undefined && { text: veil.text(text) }),
    inputs,
    own: short(step.own()),
    ...(pin !== undefined && { pin: veil.text(pin) }),
    ...(ignoreCache && { forced: true }),
    parts: veil.all(step.parts()),
    ...(reads.length > 0 && {
      reads: reads.map(({ folder, content, name: list }) => ({
        folder,
        path: relative(root, folderOf(steps[folder]!)),
        content: short(content),
        list: short(list()),
      })),
    }),
  };
}

function fileOf({ file, folder }: SourcePlace, root: string): string {
  return folder === undefined ? file : relative(root, join(folder, file));
}

/** The folder that a source op names. */
function folderOf(step: StepKey): string {
  return (step.parts()['source'] ?? '').replace(/^local:\/\//, '').replace(/\?modes=\w+$/, '');
}

function configFacts({ config = {} }: ImageConfig): Record<string, string> {
  const facts: Record<string, string> = {};
  for (const [key, value] of Object.entries(config)) {
    if (value === undefined || value === null) continue;
    if (key === 'Env') for (const each of value as string[]) facts[`env ${each.split('=', 1)[0]}`] = afterEquals(each);
    else if (key === 'Labels') for (const [name, text] of Object.entries(value)) facts[`label ${name}`] = String(text);
    else facts[key.toLowerCase()] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  return facts;
}

function afterEquals(entry: string): string {
  return entry.slice(entry.indexOf('=') + 1);
}

/** So much of a digest as tells two apart. */
export function short(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 32);
}
