// What the image flags of the command line change in the chosen images of a workspace.

import {
  latestOfType,
  readCache,
  readNamedContext,
  readOutput,
  readSecret,
  readSsh,
  type AttestSpec,
  type ResolvedTarget,
} from '@monokit/config';
import { formatPlatform, parsePlatform } from '@monokit/engine/oci/platform';
import { normalised, parseReference } from '@monokit/engine/oci/reference';
import { hostOf } from '../flags/add-host.ts';
import { annotationAttrs } from '../flags/annotations.ts';
import { assignment } from '../flags/assignments.ts';
import { attestsOf } from '../flags/attests.ts';
import { loadedInto } from '../flags/outputs.ts';
import { limitsOf } from '../flags/resource.ts';
import { isTargetFileName } from '../flags/target-file.ts';
import { Mistake } from '../mistake.ts';
import { bytesOf, type ImageFlags } from './folder.ts';

interface World {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The targets with what the flags say in place of, or beside, what the config says. Paths are relative to `cwd`. */
export async function overridden(
  targets: readonly ResolvedTarget[],
  flags: ImageFlags,
  world: World,
): Promise<readonly ResolvedTarget[]> {
  refuse(targets, flags);
  const attests = await attestsOf(flags);
  return targets.map((target) => withFlags(target, flags, { ...world, attests }));
}

function refuse(targets: readonly ResolvedTarget[], flags: ImageFlags): void {
  const [dockerfile] = flags.file.filter((file) => !isTargetFileName(file));
  if (dockerfile !== undefined) {
    throw new Mistake(
      '-f names the Dockerfile of a folder, and images of the workspace were asked for',
      `cli build -f ${dockerfile} .  builds a folder; --set IMAGE.dockerfile=${dockerfile} changes an image's; --config chooses the config`,
    );
  }
  if (flags['cgroup-parent'] !== undefined) {
    throw new Mistake('--cgroup-parent goes with a folder', 'images of a workspace have no such key');
  }
  const [first, second] = targets;
  if (flags.tag.length > 0 && second) {
    throw new Mistake(
      `--tag names one image, and ${targets.length} were asked for`,
      `write tags in the config, or --set ${first!.id}.tags=NAME`,
    );
  }
  const alone = flags.output.find((text) => text === '-' || (goesToPath(text) && !text.includes('{id}')));
  if (alone !== undefined && second) {
    throw new Mistake(
      `--output ${alone} has room for one image, and ${targets.length} were asked for`,
      'write {id} into dest, as in type=oci,dest=out/{id}.tar',
    );
  }
}

function goesToPath(output: string): boolean {
  return !output.includes('=') || /(^|,)dest=/.test(output) || /(^|,)type=(oci|tar|local)(,|$)/.test(output);
}

/** Flags that tell the Dockerfile's frontend something. */
const frontendFlags = [
  ['pull', '--pull'],
  ['no-cache-filter', '--no-cache-filter'],
  ['network', '--network'],
  ['shm-size', '--shm-size'],
  ['ulimit', '--ulimit'],
  ['add-host', '--add-host'],
  ['build-context', '--build-context'],
] as const satisfies readonly (readonly [keyof ImageFlags, string])[];

function withFlags(
  target: ResolvedTarget,
  flags: ImageFlags,
  { cwd, env, attests }: World & { readonly attests: readonly AttestSpec[] },
): ResolvedTarget {
  if (target.recipe.kind === 'define') {
    const meant = frontendFlags.find(([name]) => {
      const given = flags[name];
      return Array.isArray(given) ? given.length > 0 : Boolean(given);
    });
    if (meant) {
      throw new Mistake(
        `${meant[1]} is for Dockerfiles, and ${target.id} is written in TypeScript`,
        'its State says such things itself; name the other images',
      );
    }
  }
  const args = pairs('--build-arg', flags['build-arg'], (name) => env[name]);
  const labels = pairs('--label', flags.label, () => '');
  const tags = flags.tag.map((tag) => ({ tag, name: read('--tag', () => normalised(parseReference(tag))) }));
  const platforms = flags.platform
    .flatMap((list) => list.split(','))
    .map((text) => read('--platform', () => formatPlatform(parsePlatform(text))));
  const changed: ResolvedTarget = {
    ...target,
    ...(flags.target !== undefined && { target: flags.target }),
    args: { ...target.args, ...args },
    labels: { ...target.labels, ...labels },
    annotations: Object.assign({}, target.annotations, ...flags.annotation.map(annotationAttrs)) as Record<
      string,
      string
    >,
    contexts: {
      ...target.contexts,
      ...Object.fromEntries(
        flags['build-context'].map((text) => {
          const [name, source] = assignment('--build-context', text)!;
          return [name, read('--build-context', () => readNamedContext(source, cwd))];
        }),
      ),
    },
    ...(tags.length > 0 && { tags: tags.map(({ tag }) => tag), names: tags.map(({ name }) => name) }),
    ...(platforms.length > 0 && { platforms: [...new Set(platforms)] }),
    ...(flags.output.length > 0 && {
      outputs: flags.output.map((text) =>
        read('--output', () => readOutput(text.replaceAll('{id}', target.id.replaceAll(/[#/]/g, '-')), cwd)),
      ),
    }),
    ...(flags['cache-from'].length > 0 && {
      cacheFrom: flags['cache-from'].map((text) => read('--cache-from', () => readCache(text, cwd))),
    }),
    ...(flags['cache-to'].length > 0 && {
      cacheTo: flags['cache-to'].map((text) => read('--cache-to', () => readCache(text, cwd))),
    }),
    attests: latestOfType([...target.attests, ...attests]),
    ...(flags.reproducible && { reproducible: true }),
    ...(flags['no-cache'] && { noCache: true }),
    ...(flags['no-cache-filter'].length > 0 && { noCacheFilter: flags['no-cache-filter'] }),
    ...(flags.pull && { pull: true }),
    ...(flags.network !== undefined && { network: flags.network as ResolvedTarget['network'] }),
    secrets: laidOver(
      target.secrets,
      flags.secret.map((text) => read('--secret', () => readSecret(text, { root: cwd, env }))),
    ),
    ssh: laidOver(
      target.ssh,
      flags.ssh.map((text) => read('--ssh', () => readSsh(text, cwd))),
    ),
    extraHosts: { ...target.extraHosts, ...Object.fromEntries(flags['add-host'].map(hostOf)) },
    ...(flags['shm-size'] !== undefined && { shmSize: bytesOf('--shm-size', flags['shm-size']) }),
    resources: { ...target.resources, ...limitsOf(flags) },
    ulimits: { ...target.ulimits, ...Object.fromEntries(flags.ulimit.map(ulimitOf)) },
    entitlements: [
      ...new Set([...target.entitlements, ...flags.allow, ...(flags.network === 'host' ? ['network.host'] : [])]),
    ],
  };
  const sent = flags.push ? pushed(changed) : changed;
  const into = loadedInto(flags);
  return into === undefined ? sent : { ...sent, outputs: [...sent.outputs, { type: 'docker', attrs: { into } }] };
}

/** Every image output is pushed; with no other output there is one. */
function pushed(target: ResolvedTarget): ResolvedTarget {
  if (target.tags.length === 0 && !target.outputs.some(({ attrs }) => attrs['name'])) {
    throw new Mistake(
      `${target.id} has no tags, so there is nothing to push it as`,
      'write tags in the config, or -t NAME',
    );
  }
  const outputs = target.outputs.map((output) =>
    output.type === 'image' ? { ...output, type: 'registry' as const } : output,
  );
  const goes = outputs.some(({ type }) => type === 'registry');
  return { ...target, outputs: goes ? outputs : [...outputs, { type: 'registry', attrs: {} }] };
}

function pairs(
  flag: string,
  texts: readonly string[],
  bare: (name: string) => string | undefined,
): Record<string, string> {
  return Object.fromEntries(
    texts.flatMap((text) => [assignment(flag, text, bare)].filter((pair) => pair !== undefined)),
  );
}

function ulimitOf(text: string): [string, { readonly soft: number; readonly hard: number }] {
  const [, name, soft, hard] = /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text) ?? [];
  if (name === undefined) throw new Mistake(`--ulimit needs NAME=SOFT[:HARD], got ${JSON.stringify(text)}`);
  return [name, { soft: Number(soft), hard: Number(hard ?? soft) }];
}

/** Those given take the place of those of the same id. */
function laidOver<T extends { readonly id: string }>(below: readonly T[], above: readonly T[]): readonly T[] {
  return [...below.filter(({ id }) => !above.some((each) => each.id === id)), ...above];
}

/** What a reader says is wrong is the flag's mistake. */
function read<T>(flag: string, reader: () => T): T {
  try {
    return reader();
  } catch (error) {
    if (error instanceof TypeError) throw new Mistake(`${flag}: ${error.message}`);
    throw error;
  }
}
