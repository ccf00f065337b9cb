// The words of `cli diff` as images to compare: builds that are kept here, what lies in the store, registries, layouts.

import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Digest, LocalEngine } from '@monokit/engine';
import type { ImageAt } from '@monokit/engine/diff';
import type { Access } from '@monokit/engine/imagetools';
import { nearest } from '@monokit/engine/std/nearest';
import { Mistake } from '../mistake.ts';
import type { RunRecord } from '../runs/record.ts';
import type { RunsHere } from '../runs/runs-here.ts';
import { messageOf } from '../ui/failure.ts';
import { shellWord } from '../ui/shell-word.ts';

/** Two images to compare, with what is known of how the second one was built. */
export interface Pair {
  readonly from: ImageAt;
  readonly to: ImageAt;
  /** The image's id and its last build, where it is one of this workspace. */
  readonly image?: string;
  readonly built?: RunRecord;
}

export interface SidesWorld {
  readonly runs: RunsHere;
  readonly engine: LocalEngine;
  readonly access: () => Promise<Access>;
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly scope: AsyncDisposableStack;
  /** Ids of the images of the workspace, whether they were built or not. */
  readonly images: () => Promise<readonly string[]>;
}

interface Build {
  readonly image: string;
  readonly digest: Digest;
  readonly run: RunRecord;
}

/** One word compares with what came after or before it; two runs compare all images that both have. */
export async function pairsOf(words: readonly string[], world: SidesWorld): Promise<readonly Pair[]> {
  const [first, second, third] = words;
  if (first === undefined) throw new Mistake('diff needs an image, as in cli diff api');
  if (third !== undefined) throw new Mistake('diff compares two', 'files to look at come after --');
  if (isRun(first, world) && (second === undefined || isRun(second, world))) {
    return runPairs(world.runs.find(first).record, world.runs.find(second).record, world);
  }
  if (second !== undefined) {
    const [from, to] = [await sideOf(first, world), await sideOf(second, world)];
    return [{ from: from.at, to: to.at, ...(to.build && { image: to.build.image, built: to.build.run }) }];
  }
  const build = buildOf(first, world);
  if (!build) {
    const near = nearest(first, idsOf(world.runs));
    const hint = near === undefined ? 'name a second one, or build it first' : `did you mean cli diff ${near}?`;
    throw new Mistake(`there is no build of ${JSON.stringify(first)} here to compare`, hint);
  }
  const other = first.includes('@') ? newest(build.image, world.runs) : before(build, world.runs);
  if (!other) {
    throw new Mistake(
      `${build.image} has come out as ${build.digest.slice(0, 19)} whenever it was built here`,
      'name another image to compare it with',
    );
  }
  const [from, to] = first.includes('@') ? [build, other] : [other, build];
  return [await pairOf(from, to, world)];
}

/** `@last`, `-2`, the beginning or end of an id: no image has such a name unless it was built here. */
function isRun(word: string, { runs }: SidesWorld): boolean {
  return /^@|^-\d+$/.test(word) || (!/[#/.:]/.test(word) && ![...idsOf(runs)].includes(word) && runs.knows(word));
}

async function runPairs(a: RunRecord, b: RunRecord, world: SidesWorld): Promise<readonly Pair[]> {
  const both = a.images.flatMap(({ id }) => {
    const [from, to] = [buildIn(a, id), buildIn(b, id)];
    return from && to ? [[from, to] as const] : [];
  });
  if (both.length === 0) throw new Mistake(`no image was built in both ${a.id} and ${b.id}`, 'cli runs ls lists runs');
  return Promise.all(both.map(([from, to]) => pairOf(from, to, world)));
}

async function pairOf(from: Build, to: Build, world: SidesWorld): Promise<Pair> {
  return { from: await builtImage(from, world), to: await builtImage(to, world), image: to.image, built: to.run };
}

/** What a word means: a build here, a digest in the store, a layout, a name in the store, a name in a registry. */
async function sideOf(word: string, world: SidesWorld): Promise<{ readonly at: ImageAt; readonly build?: Build }> {
  const { engine, cwd, signal, scope } = world;
  const { storedImage } = await import('@monokit/engine/diff');
  if (word.startsWith('sha256:')) {
    if (!/^sha256:[0-9a-f]{64}$/.test(word))
      throw new Mistake(
        `${word} is not a digest`,
        'sha256: and 64 hexadecimal digits; cli runs show --json has whole ones',
      );
    const at = await storedImage(word as Digest, { name: word, content: engine.content, signal });
    if (at) return { at };
    throw new Mistake(`${word} is not in the store`, 'name it with its registry, as in example.com/app@sha256:…');
  }
  const build = buildOf(word, world);
  if (build) return { at: await builtImage(build, world), build };
  const { find, parseLocation } = await import('@monokit/engine/imagetools');
  const isPath = /^\.{0,2}\//.test(word) || existsSync(`${cwd}/${word}/index.json`);
  if (isPath) checkThere(resolve(cwd, word));
  else await checkBuilt(word, world);
  const text = isPath ? `oci-layout://${word}` : word.replace(/^docker-image:\/\//, '');
  const location = parseLocation(text, { cwd });
  if (location.kind === 'registry' && !word.startsWith('docker-image://')) {
    const { formatLocation } = await import('@monokit/engine/imagetools');
    const name = formatLocation(location);
    const kept = [...engine.images()].find((image) => image.name === name);
    const at = kept && (await storedImage(kept.descriptor.digest, { name: word, content: engine.content, signal }));
    if (at) return { at };
  }
  const found = await find(location, await world.access(), { signal, scope }).catch((error: unknown) => {
    throw isWord(word) ? noSuch(word, idsOf(world.runs), error) : error;
  });
  return { at: { name: word, descriptor: found.descriptor, provider: found } };
}

/** Refuses a path where there is nothing; the one that is near may be meant. */
function checkThere(path: string): void {
  if (existsSync(path)) return;
  const folder = dirname(path);
  const near = existsSync(folder) ? nearest(basename(path), readdirSync(folder)) : undefined;
  throw new Mistake(
    `there is no ${path}`,
    near === undefined
      ? 'cli build -o type=oci,dest=FILE writes an image to a file'
      : `did you mean ${join(folder, near)}?`,
  );
}

/** Refuses an image of the workspace that was not built: nobody means the one of that name in a registry. */
async function checkBuilt(word: string, world: SidesWorld): Promise<void> {
  if (!isWord(word) || (!idsOf(world.runs).has(word) && !(await world.images()).includes(word))) return;
  throw new Mistake(
    `${word} has no good build here to compare`,
    `cli build ${shellWord(word)} makes one; docker-image://${word} is the image of that name in a registry`,
  );
}

/** Whether a word may be an image's id: neither a path, nor with a registry, a tag or a digest. */
function isWord(word: string): boolean {
  return !/[/:@]/.test(word);
}

/** That there is no image of this name, with the one that may be meant. */
function noSuch(word: string, known: Iterable<string>, cause: unknown): unknown {
  const near = nearest(word, known);
  if (near === undefined) return cause;
  return new Mistake(
    `${word} was not built here, and no registry gives it: ${messageOf(cause)}`,
    `did you mean ${near}?`,
  );
}

/** `api` is its last build here, `api@-2` and `api@RUN` that of a run. */
function buildOf(word: string, { runs }: SidesWorld): Build | undefined {
  const [, image = word, run] = /^([^@]+)@([@\w-]+)$/.exec(word) ?? [];
  if (run === undefined) return newest(image, runs);
  if (![...idsOf(runs)].includes(image)) return undefined;
  const { record } = runs.find(run);
  const build = buildIn(record, image);
  if (build) return build;
  throw new Mistake(`${image} was not built in the run ${record.id}`, `cli runs show ${record.id} tells what was`);
}

function buildIn(run: RunRecord, image: string): Build | undefined {
  const digest = run.images.find(({ id }) => id === image)?.digest;
  return digest === undefined ? undefined : { image, digest: digest as Digest, run };
}

function newest(image: string, runs: RunsHere): Build | undefined {
  for (const { record } of runs.runs()) {
    const build = buildIn(record, image);
    if (build) return build;
  }
  return undefined;
}

/** The last build before this one that came out otherwise. */
function before({ image, digest }: Build, runs: RunsHere): Build | undefined {
  for (const { record } of runs.runs()) {
    const build = buildIn(record, image);
    if (build && build.digest !== digest) return build;
  }
  return undefined;
}

function idsOf(runs: RunsHere): ReadonlySet<string> {
  return new Set([...runs.runs()].flatMap(({ record }) => record.images.map(({ id }) => id)));
}

async function builtImage({ image, digest, run }: Build, { engine, signal }: SidesWorld): Promise<ImageAt> {
  const { storedImage } = await import('@monokit/engine/diff');
  const found = await storedImage(digest, { name: `${image}@${run.id}`, content: engine.content, signal });
  if (found) return found;
  const message = `${image} as the run ${run.id} built it (${digest}) is not in the cache any more`;
  throw new Mistake(message, 'a prune took it, or it went to a file or a registry: name it there');
}
