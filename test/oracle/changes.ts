// What people do to a workspace between two builds.

import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Random } from '../rig/random.ts';
import type { GrownWorkspace } from './workspace.ts';

/** Changes something; gives what, in words, or undefined where there is nothing of the kind. */
type Change = (workspace: GrownWorkspace, random: Random) => string | undefined;

const isOwn = (path: string) =>
  !/(^|\/)(Dockerfile[^/]*|\.dockerignore|\.gitignore|buildkit\.config\.json)$/.test(path);
const someFile = (workspace: GrownWorkspace, random: Random) => random.pick(workspace.paths('file').filter(isOwn));
const someFolder = (workspace: GrownWorkspace, random: Random) => random.pick(workspace.paths('folder'));
const full = (workspace: GrownWorkspace, path: string) => join(workspace.dir, path);

function append(workspace: GrownWorkspace, path: string, text: string): string {
  appendFileSync(full(workspace, path), text);
  return `${path} has ${JSON.stringify(text)} more`;
}

function replaceIn(workspace: GrownWorkspace, path: string, from: string | RegExp, to: string): string | undefined {
  const text = readFileSync(full(workspace, path), 'utf8');
  if (text.replace(from, to) === text) return undefined;
  writeFileSync(full(workspace, path), text.replace(from, to));
  return `${path}: ${String(from)} is ${to}`;
}

const dockerfileOf = (workspace: GrownWorkspace, random: Random) => `${random.pick(workspace.ids)}/Dockerfile`;

/** By name, so that a failure tells which. */
export const changes: Readonly<Record<string, Change>> = {
  'a file': (w, random) => append(w, someFile(w, random), `${random.next()}\n`),
  'a new file': (w, random) => {
    const path = join(someFolder(w, random), random.pick(['new.txt', 'new.js', 'new.md', 'x', 'n/e/w.txt']));
    if (existsSync(full(w, path))) return undefined;
    w.write(path, `${random.next()}`);
    return `${path} is new`;
  },
  'a file goes': (w, random) => {
    const path = someFile(w, random);
    w.remove(path);
    return `${path} is gone`;
  },
  'a folder goes': (w, random) => {
    const path = someFolder(w, random);
    if (w.ids.includes(path)) return undefined;
    w.remove(path);
    return `${path} is gone`;
  },
  'a rename': (w, random) => {
    const from = someFile(w, random);
    const to = join(someFolder(w, random), random.pick(['moved.txt', 'moved.md', 'moved.js']));
    renameSync(full(w, from), full(w, to));
    return `${from} is ${to}`;
  },
  'an executable': (w, random) => {
    const path = someFile(w, random);
    const { mode } = statSync(full(w, path));
    chmodSync(full(w, path), (mode ^ 0o111) & 0o777);
    return `${path} is executable, or no more`;
  },
  'a mode that git keeps not': (w, random) => {
    const path = random.once(3) ? someFolder(w, random) : someFile(w, random);
    chmodSync(full(w, path), statSync(full(w, path)).isDirectory() ? 0o700 : 0o600);
    return `${path} is private`;
  },
  'an empty folder': (w, random) => {
    const path = join(someFolder(w, random), 'empty');
    mkdirSync(full(w, path), { recursive: true });
    return `${path} is there, and empty`;
  },
  'a link': (w, random) => {
    const path = join(someFolder(w, random), random.pick(['link', 'link.md', 'src']));
    if (lstatSync(full(w, path), { throwIfNoEntry: false })) return undefined;
    symlinkSync(random.pick(['a.txt', 'nowhere', '..', '../README.md']), full(w, path));
    return `${path} is a new link`;
  },
  'a link elsewhere': (w, random) => {
    const links = w.paths('link');
    if (links.length === 0) return undefined;
    const path = random.pick(links);
    rmSync(full(w, path));
    symlinkSync(random.pick(['docs', '../docs', 'a.txt', 'lib']), full(w, path));
    return `${path} leads elsewhere`;
  },
  'a link in place of a file': (w, random) => {
    const path = someFile(w, random);
    rmSync(full(w, path));
    symlinkSync('nowhere', full(w, path));
    return `${path} is a link now`;
  },
  'a folder in place of a file': (w, random) => {
    const path = someFile(w, random);
    rmSync(full(w, path));
    w.write(join(path, 'inside'), 'inside');
    return `${path} is a folder now`;
  },
  'a time': (w, random) => {
    const path = someFile(w, random);
    utimesSync(full(w, path), new Date(), new Date(Date.now() - 60_000));
    return `${path} has another time`;
  },
  'words beside it': (w, random) => append(w, random.pick(['README.md', '.gitignore']), '# words\n'),
  'a comment': (w, random) => append(w, dockerfileOf(w, random), random.pick(['# words\n', '\n', '  # words\n'])),
  'a comment above': (w, random) => replaceIn(w, dockerfileOf(w, random), '# what is built here', '# what else'),
  'an instruction': (w, random) =>
    append(
      w,
      dockerfileOf(w, random),
      random.pick(['ENV A=1\n', 'LABEL a=b\n', 'COPY src/a.txt /new\n', 'WORKDIR /new\n', 'USER 7\n', 'CMD ["x"]\n']),
    ),
  'an instruction less': (w, random) => {
    const path = dockerfileOf(w, random);
    const lines = readFileSync(full(w, path), 'utf8').trimEnd().split('\n');
    if (/^(FROM|END)/.test(lines.at(-1)!)) return undefined;
    writeFileSync(full(w, path), `${lines.slice(0, -1).join('\n')}\n`);
    return `${path} ends earlier`;
  },
  'an argument that is not used': (w, random) => replaceIn(w, dockerfileOf(w, random), 'GLOBAL=busybox', 'GLOBAL=x'),
  'an argument': (w, random) => replaceIn(w, dockerfileOf(w, random), 'ARG_A=none', `ARG_A=${random.below(9)}`),
  'a stage that is not used': (w, random) =>
    replaceIn(w, dockerfileOf(w, random), 'COPY docs /unused', 'COPY lib /unused'),
  'a copy of another thing': (w, random) => replaceIn(w, dockerfileOf(w, random), /COPY src /, 'COPY docs '),
  'white space': (w, random) => replaceIn(w, dockerfileOf(w, random), /^COPY /m, 'COPY   '),
  'an ignore pattern': (w, random) => {
    const path = join(random.pick(w.ids), random.pick(['.dockerignore', '.dockerignore', 'Dockerfile.dockerignore']));
    const pattern = random.pick([
      '*.txt',
      '**/*.js',
      'docs',
      '!docs',
      'zzz',
      '# words',
      '*.md',
      '!src/out',
      'lib/to-deep',
    ]);
    return append(w, path, `${pattern}\n`);
  },
  'no ignore patterns': (w, random) => {
    const path = join(random.pick(w.ids), '.dockerignore');
    if (!existsSync(full(w, path))) return undefined;
    w.remove(path);
    return `${path} is gone`;
  },
  'a key of the config': (w, random) => {
    const id = random.pick(Object.keys(w.config.images));
    const [key, value] = random.pick([
      ['args', { ARG_A: String(random.below(9)), GLOBAL: 'two' }],
      ['args', { UNUSED: String(random.below(9)) }],
      ['labels', { made: String(random.below(9)) }],
      ['annotations', { made: String(random.below(9)) }],
      ['description', 'for people'],
      ['selectors', ['new']],
      [
        'dependsOn',
        [random.pick(w.ids.filter((other) => other < id || other === 'base'))].filter((other) => other && other !== id),
      ],
      ['tags', ['new/tag']],
      ['output', ['type=image,compression=zstd,force-compression=true']],
      ['target', 'last'],
    ] as const);
    const before = JSON.stringify(w.config);
    w.config.images[id] = { ...w.config.images[id]!, [key]: value };
    w.writeConfig();
    Object.assign(w.config, JSON.parse(before));
    return `${id} has ${key} ${JSON.stringify(value)}`;
  },
  'another image': (w, random) => {
    const before = JSON.stringify(w.config);
    w.config.images['new'] = { context: random.pick(w.ids) };
    w.writeConfig();
    Object.assign(w.config, JSON.parse(before));
    return 'there is an image more';
  },
  'a file that git ignores': (w, random) => {
    const path = join(someFolder(w, random), `ignored-${random.below(3)}`);
    mkdirSync(dirname(full(w, path)), { recursive: true });
    writeFileSync(full(w, path), String(random.next()));
    return `${path}, which git ignores, is other`;
  },
};
