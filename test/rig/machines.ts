// A project, and machines that build it with caches of their own: what tests of caches elsewhere have in common.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine, type EngineOptions, type SolveResponse } from '@monokit/engine';
import { openSession } from '@monokit/engine/session';
import { imageFlags } from '../../packages/cli/src/flags/build.ts';
import { parseFlags } from '../../packages/cli/src/flags/flags.ts';
import { folderRequest } from '../../packages/cli/src/tasks/folder.ts';
import type { Event } from '../../packages/engine/src/progress/event.ts';
import { busyboxLayout } from './bases.ts';
import type { ConfigRecord } from './cache-records.ts';
import { writeTree, type Tree } from './tree.ts';

export interface Config {
  readonly layers: readonly { readonly blob: string }[];
  readonly records: readonly ConfigRecord[];
}

/** What a machine has around it. */
export interface World {
  readonly env?: Readonly<Record<string, string>>;
  readonly registries?: EngineOptions['registries'];
}

/** One step: enough where it is the way to a cache that counts. */
export const oneStep = { Dockerfile: 'FROM busybox\nCOPY input /input\nRUN date +%N > /when', input: 'text' };

/** A folder with a project and the caches of any number of machines. */
export class Place implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'monokit-remote-'));
  readonly exported = join(this.root, 'exported');

  constructor(files: Tree = twoStages) {
    this.write(files);
  }

  write(files: Tree): void {
    writeTree(join(this.root, 'project'), files);
  }

  /** Builds on a machine; says what ran and what was warned of. */
  async build(machine: string, flags: readonly string[], world: World = {}) {
    const bases = ['--build-context', `busybox=oci-layout://${busyboxLayout()}`];
    const output = ['--output', `type=oci,dest=${join(this.root, `${machine}.tar`)}`];
    return runBuild(join(this.root, machine), [...flags, ...bases, ...output, join(this.root, 'project')], world);
  }

  to(options = ''): readonly string[] {
    return ['--cache-to', `type=local,dest=${this.exported},mode=max${options}`];
  }

  get from(): readonly string[] {
    return ['--cache-from', `type=local,src=${this.exported}`];
  }

  blob(digest: string): string {
    return join(this.exported, 'blobs/sha256', digest.slice('sha256:'.length));
  }

  get manifest() {
    const { manifests } = JSON.parse(readFileSync(join(this.exported, 'index.json'), 'utf8'));
    return JSON.parse(readFileSync(this.blob(manifests[0].digest), 'utf8'));
  }

  get config(): Config {
    return JSON.parse(readFileSync(this.blob(this.manifest.config.digest), 'utf8')) as Config;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export const twoStages = {
  Dockerfile: [
    'FROM busybox AS tools',
    'COPY input /input',
    'RUN tr a-z A-Z < /input > /made && date +%N > /when',
    'FROM busybox',
    'COPY --from=tools /made /when /',
    'RUN cat /made /when > /end',
  ].join('\n'),
  input: 'text',
};

export async function runBuild(cacheDir: string, argv: readonly string[], { env = {}, registries = {} }: World = {}) {
  const { given, positionals } = parseFlags(argv, imageFlags, {});
  const { stdin, stdout } = process;
  const scratch = () => Promise.reject(new Error('nothing here reads standard input'));
  const world = { cwd: '/', env: { ...process.env, ...env }, stdin, stdout, scratch };
  const { request, lent } = await folderRequest(positionals[0]!, given, world);
  const events: Event[] = [];
  const work = { signal: new AbortController().signal, report: (event: Event) => void events.push(event) };
  await using engine = await openEngine({ cacheDir, env: world.env, registries });
  await using session = openSession(lent);
  const defined = await engine.define({ ...request, session }, work);
  await using build = engine.open(work);
  const response: SolveResponse = await build.solve([defined])[0]!;
  const names = new Map(events.flatMap((each) => (each.kind === 'vertex-known' ? [[each.vertex, each.name]] : [])));
  const ran = events.flatMap((each) => (each.kind === 'vertex-started' ? names.get(each.vertex)! : []));
  return {
    response,
    ran: ran.filter((name) => !name.includes('load')),
    /** What of that ran in a container. */
    steps: ran.filter((name) => name.includes('RUN')),
    /** What was said of caches. */
    warnings: events.flatMap((each) =>
      each.kind === 'warning' && each.diagnostic.code.startsWith('cache/') ? each.diagnostic.message : [],
    ),
  };
}
