import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { ExportRequest, SolveRequest } from '@monokit/engine';
import { familiar, parseReference } from '@monokit/engine/oci/reference';
import type { Lent } from '@monokit/engine/session';
import { openLayoutContext } from '@monokit/engine/session/layout-context';
import { parseSecret } from '@monokit/engine/session/secrets';
import { parseSsh } from '@monokit/engine/session/ssh';
import { parseBytes } from '@monokit/engine/std/quantity';
import { hostOf } from '../flags/add-host.ts';
import { annotationAttrs } from '../flags/annotations.ts';
import { assignment, attributes } from '../flags/assignments.ts';
import { attestsOf } from '../flags/attests.ts';
import type { imageFlags, workFlags } from '../flags/build.ts';
import type { Given } from '../flags/flags.ts';
import { loadedInto, outputOf } from '../flags/outputs.ts';
import { Mistake } from '../mistake.ts';
import { answerProvenanceOf } from '../ui/metadata-file.ts';
import { spoolStdin } from './stdin.ts';

export type ImageFlags = Given<typeof imageFlags>;

/** Those flags, and those that ask for what only an image has. */
type FolderFlags = ImageFlags &
  Partial<Pick<Given<typeof workFlags>, 'quiet' | 'progress' | 'iidfile' | 'metadata-file'>>;

interface World {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** A private folder for what comes from standard input; removed after the build. */
  readonly scratch: () => Promise<string>;
}

/** What `docker buildx build FLAGS CONTEXT` asks for, and what its client lends. */
export async function folderRequest(
  context: string,
  flags: FolderFlags,
  world: World,
): Promise<{ readonly request: Omit<SolveRequest, 'session'>; readonly lent: Lent }> {
  const { cwd, env } = world;
  const options: Record<string, string> = {};
  const folders: Record<string, { root: string }> = {};
  const stores: Record<string, string> = {};
  await placeContext();

  if (flags.target !== undefined) options['target'] = flags.target;
  if (flags.platform.length > 0) options['platform'] = flags.platform.flatMap((list) => list.split(',')).join(',');
  if (flags['no-cache']) options['no-cache'] = '';
  else if (flags['no-cache-filter'].length > 0) options['no-cache'] = flags['no-cache-filter'].join(',');
  if (flags.pull) options['image-resolve-mode'] = 'pull';
  if (flags.network !== undefined && flags.network !== 'default') options['force-network-mode'] = flags.network;
  if (flags['shm-size'] !== undefined) options['shm-size'] = String(bytesOf('--shm-size', flags['shm-size']));
  if (flags.resource.length > 0) {
    const { limitOptions, limitsOf } = await import('../flags/resource.ts');
    Object.assign(options, limitOptions(limitsOf(flags)));
  }
  if (flags.ulimit.length > 0) options['ulimit'] = flags.ulimit.join(',');
  if (flags['cgroup-parent'] !== undefined) options['cgroup-parent'] = flags['cgroup-parent'];
  if (flags['add-host'].length > 0)
    options['add-hosts'] = flags['add-host'].map((text) => hostOf(text).join('=')).join(',');
  if (env['SOURCE_DATE_EPOCH']) options['build-arg:SOURCE_DATE_EPOCH'] = env['SOURCE_DATE_EPOCH'];
  for (const text of flags['build-arg']) {
    const pair = assignment('--build-arg', text, (name) => env[name]);
    if (pair) options[`build-arg:${pair[0]}`] = pair[1];
  }
  for (const text of flags.label) {
    const [name, value] = assignment('--label', text, () => '')!;
    options[`label:${name}`] = value;
  }
  for (const text of flags['build-context']) await namedContext(...assignment('--build-context', text)!);
  const answerProvenance = answerProvenanceOf(flags['metadata-file'], env);
  const attests = await attestsOf(flags);
  if (attests.length > 0 || answerProvenance !== undefined) {
    const { attestOptions, vcsOptions } = await import('@monokit/config');
    Object.assign(options, attestOptions(attests, flags), vcsOptions(folders, env));
  }

  const id =
    context === '-'
      ? 'stdin'
      : basename(context.includes('://') ? new URL(context).pathname : resolve(cwd, context)) || 'build';
  const exports = await exportsOf(flags, world);
  return {
    request: {
      id,
      source: { kind: 'frontend', frontend: 'dockerfile.v0', options },
      exports: flags.reproducible
        ? await reproducible(exports, { dated: 'build-arg:SOURCE_DATE_EPOCH' in options })
        : exports,
      entitlements: [...flags.allow, ...(flags.network === 'host' ? ['network.host'] : [])],
      cacheFrom: flags['cache-from'].map((text) => cacheEntry('--cache-from', text)),
      cacheTo: flags['cache-to'].map((text) => cacheEntry('--cache-to', text)),
      ...(answerProvenance !== undefined && { answerProvenance }),
    },
    lent: {
      folders: flags.reproducible ? withGitModes(folders) : folders,
      stores,
      env,
      secrets: flags.secret.map((text) => inFolder(parseSecret(text, env), cwd)),
      ssh: flags.ssh.map((text) => parseSsh(text, env)),
    },
  };

  async function placeContext(): Promise<void> {
    const file = flags.file.at(-1);
    if (context === '-' && file === '-') throw new Mistake('only one of context and Dockerfile can be standard input');
    if (context.includes('://')) {
      options['context'] = context;
      if (file !== undefined) options['filename'] = file;
      return;
    }
    if (context === '-') {
      const spooled = await spoolStdin(world.stdin, await world.scratch());
      folders['context'] = { root: spooled.folder };
      if (spooled.kind === 'dockerfile') {
        if (file !== undefined) throw new Mistake('-f does not go with a Dockerfile on standard input');
        folders['dockerfile'] = { root: spooled.folder };
        options['filename'] = 'Dockerfile';
      } else {
        // The Dockerfile lies in the archive, unless the folder here has it.
        const here = file !== undefined && !existsSync(join(spooled.folder, file)) && existsSync(resolve(cwd, file));
        // As with what is fetched, an ignore file in it is a file like others.
        options['context'] = 'local:context';
        // Frontends that run as images look for it here.
        folders['dockerfile'] = { root: spooled.folder };
        options['filename'] = here ? basename(file) : (file ?? 'Dockerfile');
        if (here) {
          folders['dockerfile'] = { root: dirname(resolve(cwd, file)) };
          options['dockerfilekey'] = 'dockerfile';
        }
      }
      return;
    }
    const root = resolve(cwd, context);
    if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
      throw new Mistake(
        `the context ${context} is not a folder`,
        'a context is a folder, a URL or - for standard input',
      );
    }
    folders['context'] = { root };
    if (file === '-') {
      const spooled = await spoolStdin(world.stdin, await world.scratch(), 'dockerfile');
      folders['dockerfile'] = { root: spooled.folder };
      options['filename'] = 'Dockerfile';
      return;
    }
    const dockerfile = file === undefined ? join(root, 'Dockerfile') : resolve(cwd, file);
    folders['dockerfile'] = { root: dirname(dockerfile) };
    options['filename'] = basename(dockerfile);
  }

  async function namedContext(written: string, source: string): Promise<void> {
    const name = contextName(written);
    if (source.startsWith('oci-layout://')) {
      const { store, path, reference } = await openLayoutContext(source, { cwd });
      stores[store] = path;
      options[`context:${name}`] = reference;
    } else if (/^[a-z-]+:\/\//.test(source) || source.startsWith('git@')) {
      options[`context:${name}`] = source;
    } else {
      const root = resolve(cwd, source);
      if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
        throw new Mistake(`--build-context ${name}: ${source} is not a folder`);
      folders[name] = { root };
      options[`context:${name}`] = `local:${name}`;
    }
  }
}

/** The name a frontend looks for: as images are written for short, without `:latest`. Stages keep theirs. */
function contextName(written: string): string {
  try {
    return familiar(parseReference(written)).replace(/:latest$/, '');
  } catch {
    return written; // no name of an image; it may be a stage's
  }
}

function inFolder(secret: ReturnType<typeof parseSecret>, cwd: string): ReturnType<typeof parseSecret> {
  return secret.kind === 'file' ? { ...secret, path: resolve(cwd, secret.path) } : secret;
}

/**
 * Outputs as asked for; an image under its names in the store of the engine where none is. Without a name nothing could
 * find it there: then no layer is packed, unless somebody asked what the image's digest is.
 */
async function exportsOf(flags: FolderFlags, world: World): Promise<readonly ExportRequest[]> {
  const into = loadedInto(flags);
  const texts = [...flags.output, ...(into === undefined ? [] : [`type=docker,into=${into}`])];
  const asked = await Promise.all(texts.map((text) => outputOf(text, world)));
  const { tag, annotation, push, quiet } = flags;
  const named = tag.length > 0 || annotation.length > 0 || push;
  const asksDigest = quiet || flags.progress === 'quiet';
  const answers = asksDigest || flags.iidfile !== undefined || flags['metadata-file'] !== undefined;
  if (asked.length === 0 && !named && !answers) return [];
  // What is pushed is an image, and loading it too makes it none.
  const image = asked.length === 0 || (push && flags.output.length === 0);
  const outputs = [...(image ? [{ type: 'image' as const, attrs: {} }] : []), ...asked];
  const annotations = Object.assign({}, ...flags.annotation.map(annotationAttrs)) as Record<string, string>;
  return outputs.map((output) => {
    if (output.type === 'tar' || output.type === 'local') return output;
    return {
      ...output,
      attrs: {
        ...(flags.tag.length > 0 && { name: flags.tag.join(',') }),
        ...(flags.push && output.type === 'image' && { push: 'true' }),
        ...annotations,
        ...output.attrs,
      },
    };
  });
}

async function reproducible(
  exports: readonly ExportRequest[],
  epoch: { readonly dated: boolean },
): Promise<readonly ExportRequest[]> {
  const { reproducibleAttrs } = await import('@monokit/config');
  return exports.map((each) => ({ ...each, attrs: { ...reproducibleAttrs(each.type, epoch), ...each.attrs } }));
}

/** Modes of files that are copied are git's, whatever the umask was when they were checked out. */
function withGitModes(folders: NonNullable<Lent['folders']>): NonNullable<Lent['folders']> {
  const all = Object.entries(folders).map(([name, folder]) => [name, { ...folder, modes: 'git' as const }]);
  return { ...Object.fromEntries(all), ...(folders['dockerfile'] && { dockerfile: folders['dockerfile'] }) };
}

function cacheEntry(
  flag: string,
  text: string,
): { readonly type: string; readonly attrs: Readonly<Record<string, string>> } {
  const { type, ...attrs } = attributes(flag, text, (field) => ['ref', field]);
  return { type: type ?? 'registry', attrs };
}

/** `64m`, `1g`, `1048576`: in units of 1024. */
export function bytesOf(flag: string, text: string): number {
  const bytes = parseBytes(text);
  if (bytes === undefined) throw new Mistake(`${flag} needs a size such as 64m, got ${JSON.stringify(text)}`);
  return bytes;
}
