// What a context may be: a folder, something remote, another image.

import { isAbsolute, resolve } from 'node:path';
import { isDigest } from '@monokit/engine/oci/digest';
import { parseReference } from '@monokit/engine/oci/reference';
import type { ContextSource, NamedContext } from './target.ts';

/** Reads a build context. Throws a `TypeError` for what only a named context may be. */
export function readContext(written: string, root: string): ContextSource {
  if (isRemote(written)) return { kind: 'remote', url: written };
  const scheme = /^(target|docker-image|oci-layout):/.exec(written)?.[1];
  if (scheme !== undefined) {
    throw new TypeError(`${JSON.stringify(written)} can't be the build context itself; name it in contexts`);
  }
  return { kind: 'folder', path: resolve(root, written) };
}

/** Reads a named context. Throws a `TypeError` that says what is wrong. */
export function readNamedContext(written: string, root: string): NamedContext {
  if (written.startsWith('target:')) return { kind: 'target', id: written.slice('target:'.length) };
  if (written.startsWith('docker-image://')) {
    const reference = written.slice('docker-image://'.length);
    if (reference !== 'scratch') parseReference(reference);
    return { kind: 'image', reference };
  }
  if (written.startsWith('oci-layout://')) return readLayout(written.slice('oci-layout://'.length), written, root);
  return readContext(written, root);
}

/** Whether a text is a URL of git or of an archive, as BuildKit's clients tell it from a folder. */
export function isRemote(written: string): boolean {
  return (
    /^(?:https?|git|ssh):\/\//.test(written) ||
    /^[\w.-]+@[\w.-]+:(?!\/\/)/.test(written) ||
    written.startsWith('github.com/')
  );
}

function readLayout(rest: string, written: string, root: string): NamedContext {
  const at = rest.lastIndexOf('@');
  const digest = at < 0 ? undefined : rest.slice(at + 1);
  if (digest !== undefined && !isDigest(digest))
    throw new TypeError(`${JSON.stringify(written)}: what follows @ is not a digest`);
  const named = at < 0 ? rest : rest.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const folder = hasTag ? named.slice(0, colon) : named;
  if (folder === '') throw new TypeError(`${JSON.stringify(written)} names no folder`);
  return {
    kind: 'oci-layout',
    path: isAbsolute(folder) ? folder : resolve(root, folder),
    ...(hasTag && { tag: named.slice(colon + 1) }),
    ...(digest !== undefined && { digest }),
  };
}
