// Makes stand-ins for the base images that the examples name, from this system's packages and with our own engine, into
// `.bases/`: an OCI layout for each repository, which the examples' config names as a mirror of docker.io. With them the
// examples need no registry. What is there already stays.

import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

interface Base {
  /** As people write it in FROM. */
  readonly name: string;
  readonly from: string;
  /** Debian packages whose files it has, with all that they depend on and its `from` lacks. */
  readonly packages?: readonly string[];
  /** What else it says after `FROM` and `COPY . /`. */
  readonly lines: readonly string[];
  /** Named contexts for those lines. */
  readonly contexts?: Readonly<Record<string, string>>;
  /** Puts more into its root. */
  readonly finish?: (root: string) => void;
}

const project = join(import.meta.dirname, '..');
const bases = join(project, '.bases/library');
const debian = 'debian:bookworm-slim';
const slim = 'base-files base-passwd bash coreutils dash findutils grep gzip libc-bin sed tar'.split(' ');

const wanted: readonly Base[] = [
  { name: 'busybox:latest', from: 'scratch', lines: ['CMD ["sh"]'], finish: busyboxRoot },
  { name: debian, from: 'scratch', packages: slim, lines: ['CMD ["bash"]'], finish: accounts },
  { name: 'gcc:12', from: debian, packages: ['gcc', 'libc6-dev'], lines: ['CMD ["bash"]'], finish: withoutSanitizers },
  {
    name: 'node:24-slim',
    from: debian,
    packages: ['libstdc++6', 'libatomic1'],
    contexts: { node: join(project, 'node_modules/node/bin') },
    lines: ['COPY --from=node node /usr/local/bin/node', 'CMD ["node"]'],
  },
];

if (wanted.some(({ name }) => !existsSync(join(bases, repositoryOf(name), 'index.json')))) await makeAll();

async function makeAll(): Promise<void> {
  if (!existsSync('/usr/bin/apt-get')) {
    console.error('setup: without apt-get here, the examples take their base images from docker.io');
    return;
  }
  console.error(`setup: making ${wanted.map(({ name }) => name).join(', ')} from this system's packages`);
  const scratch = mkdtempSync(join(tmpdir(), 'monokit-bases-'));
  mkdirSync(bases, { recursive: true });
  const layouts = mkdtempSync(join(bases, '.making-'));
  try {
    writeFileSync(join(scratch, 'status'), '');
    mkdirSync(join(scratch, 'apt/archives/partial'), { recursive: true });
    const closing = wanted.map(async ({ name, packages = [] }) => [name, await closureOf(packages, scratch)] as const);
    const all = wanted.flatMap(({ packages = [] }) => packages);
    const [archives, ...pairs] = await Promise.all([download(all, scratch), ...closing]);
    const closures = new Map(pairs);
    for (const base of wanted) {
      const [have, needed] = [closures.get(base.from) ?? new Set(), closures.get(base.name)!];
      const root = join(scratch, repositoryOf(base.name));
      mkdirSync(root);
      if (base.from === 'scratch' && needed.size > 0) mergedFolders(root);
      const own = [...needed].filter((name) => !have.has(name)).map((name) => archives.get(name)!);
      const extract = `xargs -r -d '\\n' -P 4 -I {} dpkg-deb --extract {} "$0"`;
      execFileSync('sh', ['-c', extract, root], { input: own.join('\n') });
      for (const useless of ['doc', 'man', 'locale', 'info'])
        rmSync(join(root, 'usr/share', useless), { recursive: true, force: true });
      base.finish?.(root);
    }
    build(scratch, layouts);
    for (const { name } of wanted) {
      rmSync(join(bases, repositoryOf(name)), { recursive: true, force: true });
      renameSync(join(layouts, repositoryOf(name)), join(bases, repositoryOf(name)));
    }
  } finally {
    for (const folder of [scratch, layouts]) rmSync(folder, { recursive: true, force: true });
  }
}

/** One build of a workspace of these images. Their layers stay uncompressed: they never leave this machine. */
function build(scratch: string, layouts: string): void {
  const images = Object.fromEntries(
    wanted.map(({ name, from, lines, contexts = {} }) => [
      repositoryOf(name),
      {
        context: repositoryOf(name),
        contexts,
        dockerfileInline: [`FROM ${from}`, 'COPY . /', ...lines].join('\n'),
        tags: name,
        output: `type=oci,tar=false,compression=uncompressed,dest=${join(layouts, repositoryOf(name))}`,
      },
    ]),
  );
  writeFileSync(join(scratch, 'buildkit.config.json'), JSON.stringify({ images }));
  const args = ['build', 'all', '--quiet', '--cache-dir', join(scratch, 'cache')];
  const stdio = ['ignore', 'ignore', 'inherit'] as const;
  execFileSync(join(project, 'node_modules/.bin/cli'), args, { cwd: scratch, stdio: [...stdio] });
}

function repositoryOf(name: string): string {
  return name.split(':')[0]!;
}

/** What apt-get does as if nothing were installed. */
async function apt(packages: readonly string[], scratch: string, ...flags: string[]): Promise<string> {
  const options = [
    `Dir::State::status=${join(scratch, 'status')}`,
    `Dir::Cache=${join(scratch, 'apt')}`,
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=root',
  ];
  const args = [...options.flatMap((option) => ['-o', option]), 'install', '-y', '-qq', ...flags, ...packages];
  const { stdout } = await promisify(execFile)('apt-get', args);
  return stdout;
}

/** The names of packages with all that they depend on. */
async function closureOf(packages: readonly string[], scratch: string): Promise<ReadonlySet<string>> {
  if (packages.length === 0) return new Set();
  const plan = await apt(packages, scratch, '--simulate');
  return new Set(plan.split('\n').flatMap((line) => /^Inst (\S+)/.exec(line)?.[1] ?? []));
}

/** The archives of packages and of all that they depend on, by name. */
async function download(packages: readonly string[], scratch: string): Promise<ReadonlyMap<string, string>> {
  await apt(packages, scratch, '--download-only');
  const files = globSync(join(scratch, 'apt/archives/*.deb'));
  return new Map(files.map((file) => [file.slice(dirname(file).length + 1).split('_')[0]!, file]));
}

/** /bin and its like as links into /usr, as Debian has them. */
function mergedFolders(root: string): void {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
}

/** What installing base-passwd would have made. */
function accounts(root: string): void {
  for (const file of ['passwd', 'group'])
    copyFileSync(join(root, `usr/share/base-passwd/${file}.master`), join(root, 'etc', file));
}

/** Half of gcc's bytes, which no example uses. */
function withoutSanitizers(root: string): void {
  for (const file of globSync('usr/lib/gcc/*/*/{lib[almtu]*san*,lto1}', { cwd: root })) rmSync(join(root, file));
}

function busyboxRoot(root: string): void {
  for (const folder of ['bin', 'etc', 'root', 'tmp', 'usr/bin', 'usr/sbin', 'var'])
    mkdirSync(join(root, folder), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
  if (busybox === undefined) throw new Error('there is no static busybox: apt-get install busybox-static');
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
  }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
}
