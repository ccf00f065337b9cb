// Workspaces of images by chance, in which every way there is to read something occurs.

import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { busyboxLayout } from '../rig/bases.ts';
import type { Random } from '../rig/random.ts';

const folders = ['', 'src', 'src/deep', 'src/deep/er', 'lib', 'docs', 'data dir'];
const names = ['a.txt', 'b.txt', 'main.js', 'c.md', 'README.md', 'run.sh', 'Ä.txt', '.hidden', 'x'];
const patterns = [
  '*.md',
  '**/*.md',
  'docs/*.txt',
  '!README.md',
  '!docs/a.txt',
  'src/deep/er',
  '**/x',
  '.hidden',
  '/lib/*.md',
];

/** Keys of an image in the config. */
export type ImageConfig = Record<string, unknown> & { readonly context: string };

/** A workspace on the disk, and its config as it was last written. */
export class GrownWorkspace {
  readonly dir: string;
  readonly random: Random;
  readonly ids: readonly string[];
  readonly config: { defaults: Record<string, unknown>; images: Record<string, ImageConfig> };

  constructor(dir: string, random: Random) {
    this.dir = dir;
    this.random = random;
    this.ids = ['base', 'api', 'web', 'tool', 'job'].slice(0, 3 + random.below(3));
    this.config = { defaults: { contexts: { busybox: `oci-layout://${busyboxLayout()}` } }, images: {} };
    for (const id of this.ids) this.#grow(id);
    this.#lend();
    const [first] = this.ids;
    if (random.once(2)) {
      const Dockerfile = 'FROM busybox\nARG WHO=nobody\nCOPY src /s\nRUN echo "$WHO" >/who\n';
      this.config.images['inline'] = { context: first!, dockerfileInline: Dockerfile, args: { WHO: 'me' } };
    }
    if (random.once(2)) {
      const matrix = { flavour: ['sweet', 'sour'] };
      this.config.images['many'] = { context: first!, matrix, args: { ARG_A: '${flavour}' }, dockerfile: 'Dockerfile' };
    }
    this.write('README.md', 'all about it\n');
    this.write('.gitignore', 'ignored-*\n');
    this.writeConfig();
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.dir, path)), { recursive: true });
    writeFileSync(join(this.dir, path), text);
  }

  writeConfig(): void {
    this.write('buildkit.config.json', `${JSON.stringify(this.config, null, 2)}\n`);
  }

  /** Paths of what is in the workspace, git's own things left out. */
  paths(kind: 'file' | 'folder' | 'link', below = ''): readonly string[] {
    return readdirSync(join(this.dir, below)).flatMap((name) => {
      if (name === '.git') return [];
      const path = join(below, name);
      const stats = lstatSync(join(this.dir, path));
      if (stats.isDirectory()) return [...(kind === 'folder' ? [path] : []), ...this.paths(kind, path)];
      return stats.isFile() === (kind === 'file') && stats.isSymbolicLink() === (kind === 'link') ? [path] : [];
    });
  }

  /** Ids of the images that the config made at the beginning. */
  present(): readonly string[] {
    return Object.keys(this.config.images).flatMap((id) => (id === 'many' ? ['many-sweet', 'many-sour'] : [id]));
  }

  #grow(id: string): void {
    const { random } = this;
    for (const folder of folders) {
      for (const name of random.some(names, 0.35))
        this.write(join(id, folder, name), `${id} ${name} ${random.next()}\n`);
    }
    // What instructions name is always there at the beginning.
    for (const path of ['src/a.txt', 'src/deep/b.txt', 'lib/main.js', 'docs/c.md', 'a.txt'])
      this.write(join(id, path), path);
    this.write(join(id, 'lib/run.sh'), '#!/bin/sh\n');
    chmodSync(join(this.dir, id, 'lib/run.sh'), 0o755);
    const link = (target: string, path: string) => symlinkSync(target, join(this.dir, id, path));
    link('src', 'to-src');
    link('../src/deep', 'lib/to-deep');
    if (random.once(2)) link('nowhere', 'dangling');
    if (random.once(2)) link('../../README.md', 'src/out');
    execFileSync('tar', ['cf', join(this.dir, id, 'data.tar'), '-C', join(this.dir, id, 'docs'), 'c.md']);
    if (random.once(2)) this.write(join(id, '.dockerignore'), `${random.some(patterns, 0.3).join('\n')}\n`);
    if (random.once(5)) this.write(join(id, 'Dockerfile.dockerignore'), `${random.some(patterns, 0.3).join('\n')}\n`);
    this.write(join(id, 'Dockerfile'), this.#dockerfile(id));
    this.config.images[id] = {
      context: id,
      ...(random.once(2) && { args: { ARG_A: 'one', GLOBAL: 'two' } }),
      ...(random.once(3) && { labels: { made: 'here' } }),
      ...(random.once(4) && { annotations: { made: 'here' } }),
    };
  }

  /** Named contexts: folders of the workspace, and other images under another name. */
  #lend(): void {
    const contexts = { extra: `./${this.ids[0]!}/docs`, other: `target:${this.ids[0]!}` };
    for (const id of this.ids.slice(1)) this.config.images[id]!['contexts'] = contexts;
    if (this.random.once(2)) this.config.images[this.ids[1]!]!['dependsOn'] = [this.ids[0]!];
  }

  #dockerfile(id: string): string {
    const { random } = this;
    const others = this.ids.slice(0, this.ids.indexOf(id));
    const base =
      others.length > 0 && random.once(2) ? random.pick(others) : random.pick(['busybox', 'busybox', 'scratch']);
    const runs = base === 'busybox';
    const steps = () => random.shuffled(instructions(runs, others)).slice(0, 1 + random.below(4));
    const lines = ['# what is built here', 'ARG GLOBAL=busybox'];
    if (random.once(2)) lines.push('FROM scratch AS first', ...random.pick([['COPY src /f'], ['COPY lib/*.js /f/']]));
    const hasFirst = lines.length > 2;
    if (random.once(3)) lines.push('FROM scratch AS unused', 'COPY docs /unused');
    lines.push(`FROM ${base} AS last`, ...steps());
    if (hasFirst) lines.push('COPY --from=first /f /from-first');
    return `${lines.join('\n')}\n`;
  }

  /** Everything as it was committed, also what git doesn't look at. */
  undo(): void {
    execFileSync('git', ['clean', '-fdxq'], { cwd: this.dir });
    for (const folder of this.paths('folder')) chmodSync(join(this.dir, folder), 0o755);
    for (const file of this.paths('file')) {
      const path = join(this.dir, file);
      chmodSync(path, lstatSync(path).mode & 0o100 ? 0o755 : 0o644);
    }
    execFileSync('git', ['checkout', '-q', '-f', '.'], { cwd: this.dir });
  }

  remove(path: string): void {
    rmSync(join(this.dir, path), { recursive: true });
  }
}

function instructions(runs: boolean, others: readonly string[]): readonly string[] {
  return [
    'COPY . /all',
    'COPY src /src',
    'COPY src/deep/ /deep/',
    'COPY a.txt src/a.txt /both/',
    'COPY *.txt /texts/',
    'COPY s*c /wild/',
    'COPY src/*/*.txt /nested/',
    'COPY --exclude=*.md --exclude=**/x . /but',
    'COPY --parents src/deep/b.txt lib /parents/',
    'COPY --parents **/*.js /scripts/',
    'COPY --chmod=0640 lib /modes',
    'COPY --chown=7:7 docs /owned',
    'COPY --link lib /linked',
    'COPY to-src /through',
    'COPY to-src/deep /through-deep',
    'COPY lib/to-deep/b.txt /through-file',
    'ADD data.tar /unpacked/',
    'ADD docs /added',
    'COPY <<END /heredoc\ntext with $ARG_A\nEND',
    'ARG ARG_A=none\nENV VALUE=$ARG_A\nLABEL value=${VALUE}',
    'WORKDIR /work\nCOPY lib .',
    ...(others.length > 0
      ? ['COPY --from=extra . /extra', `COPY --from=${others.at(-1)!} / /other`, 'COPY --from=other / /target']
      : []),
    ...(runs
      ? [
          'RUN --mount=type=bind,source=src,target=/in find /in | sort >/list && find /in -type f -perm -1 >/modes',
          'RUN --mount=type=bind,source=lib/main.js,target=/one cat /one >/one-read',
          'ARG ARG_A\nRUN echo "$ARG_A" >/arg',
          'RUN <<END\necho heredoc >/here\nEND',
        ]
      : []),
  ];
}
