// A shell for a container that runs: its own, else the machine's static busybox, which is put into its tree.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageContainer } from '../build/image-container.ts';
import { busyboxFolder, makeBusyboxFolder } from './busybox.ts';
import { makeFolder, pathOf, removeFolder, type EnterDeps } from './enter.ts';
import { shellIn } from './shell-in.ts';

export interface ContainerShell {
  /** The program, in the container. */
  readonly path: string;
  /** `NAME=value`: what it needs beside the container's environment. */
  readonly env: readonly string[];
  /** Whether that is the machine's busybox. */
  readonly lent: boolean;
}

/** Finds one, or lends it; what is lent stays for as long as the container does. Fails with `no-busybox`. */
export async function containerShell(
  container: Pick<ImageContainer, 'root' | 'config' | 'sync'>,
  { env, scratch }: Pick<EnterDeps, 'env' | 'scratch'>,
  { signal }: { readonly signal: AbortSignal },
): Promise<ContainerShell> {
  const found = shellIn(container.root, { args: [] });
  if (found !== undefined) return { path: found, env: [], lent: false };
  using folder = new DisposableStack();
  const path = join(folder.adopt(makeFolder(scratch), removeFolder(scratch)), 'bin');
  makeBusyboxFolder(path, env);
  const files = readdirSync(path).map((name) => ({ from: join(path, name), to: `${busyboxFolder}/${name}` }));
  await container.sync(files, { user: '', signal });
  const searched = `${pathOf(container.config.Env ?? [])}:${busyboxFolder}`;
  return { path: `${busyboxFolder}/sh`, env: [`PATH=${searched}`], lent: true };
}
