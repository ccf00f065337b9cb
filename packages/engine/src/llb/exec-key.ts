import { digestOf } from '../oci/digest.ts';
import type { DepKey } from './cache-key.ts';
import { outermost } from './content-selector.ts';
import type { ExecMeta, ExecOp } from './exec.ts';
import type { GoValue } from './go-json.ts';
import { invalid } from './invalid.ts';
import { execJson } from './json.ts';
import type { Mount } from './mount.ts';
import { joinPath } from './path.ts';

/** The exec with what its result does not depend on left out. */
export function keyedExec(op: ExecOp): GoValue {
  const { proxyEnv: _, ...meta } = op.meta;
  const keyed: ExecMeta = { ...meta, extraHosts: meta.extraHosts.map(({ host }) => ({ host, ip: '' })) };
  return execJson({ ...op, meta: keyed, mounts: isPlainRun(op.mounts) ? [] : op.mounts.map(keyedMount) });
}

/** Older BuildKits left all mounts out of the key. For a run with nothing but its root that has to stay so. */
function isPlainRun([root, ...others]: readonly Mount[]): boolean {
  // Selectors are blank by now; those enter with the input.
  return root?.kind === 'bind' && others.length === 0 && root.dest === '/' && !root.readonly && root.resultId === '';
}

function keyedMount(mount: Mount): Mount {
  const blank = { ...mount, selector: '' };
  if (blank.kind !== 'cache' || isDockerfileDefault(blank.id, blank)) return blank;
  return { ...blank, id: '', sharing: 'shared' };
}

/** The id that the Dockerfile frontend gives a cache mount, with or without a namespace, was always part of the key. */
function isDockerfileDefault(id: string, mount: Mount & { readonly kind: 'cache' }): boolean {
  if (mount.sharing !== 'shared') return false;
  const slash = id.indexOf('/');
  return id === mount.dest || (slash >= 0 && id.slice(slash + 1) === mount.dest);
}

/** How the inputs of an exec enter its key: by the paths that are mounted, by content where that is safe. */
export function execDeps(op: ExecOp): readonly DepKey[] {
  const deps = op.inputs.map(() => ({ selectors: [] as string[], byContent: false }));
  for (const mount of op.mounts) {
    if ((mount.kind !== 'bind' && mount.kind !== 'cache') || mount.input === -1) continue;
    const dep = deps[mount.input];
    if (!dep) throw invalid(`the mount at ${mount.dest} is of input ${mount.input}, which the op does not have`);
    const selector = joinPath('/', mount.selector);
    dep.selectors.push(selector);
    dep.byContent = isByContent(mount, selector);
  }
  return deps.map(({ selectors, byContent }) => ({
    ...(selectors.length > 0 && { selector: digestOf(selectors.join('\0')) }),
    ...(byContent && { content: contentOf(selectors) }),
  }));
}

/**
 * Content may stand for an input only if what is not selected cannot reach the result: when nothing is kept of the
 * mount, when it can't be written to, or when all of it is selected.
 */
function isByContent(mount: Mount, selector: string): boolean {
  const safe = mount.output === -1 || mount.readonly || selector === '/';
  switch (mount.contentCache) {
    case 'off':
      return false;
    case 'on':
      if (!safe) throw invalid(`the mount at ${mount.dest} can't be cached by content: parts of it are kept unseen`);
      return true;
    case 'default':
      // Hashing whole root filesystems costs more than it finds.
      return safe && mount.dest !== '/';
  }
}

function contentOf(selectors: readonly string[]): NonNullable<DepKey['content']> {
  if (selectors.includes('/')) return [];
  return outermost(selectors).map((path) => ({ path, followLinks: true }));
}
