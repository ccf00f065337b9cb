// Makes stand-ins for the base images that the examples name, from this system's packages and with our own engine, into
// `.bases/`: an OCI layout for each repository, which the examples' config names as a mirror of docker.io. With them the
// examples need no registry. What is there already stays.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

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

if (wanted.some(({ name }) => !existsSync(join(bases, repositoryOf(name), 'index.json')))) makeAll();

function makeAll(): void {
  if (!existsSync('/usr/bin/apt-get')) {
    console.error('setup: without apt-get here, the examples take their base images from docker.io');
    return;
  }
  console.error(`setup: making ${wanted.map(({ name }) => name).join(', ')} from this system's packages`);
  const scratch = mkdtempSync(join(tmpdir(), 'monokit-bases-'));
  try {
    const closures = new Map(wanted.map(({ name, packages = [] }) => [name, closureOf(packages, scratch)]));
    const archives = download([...new Set(wanted.flatMap(({ packages = [] }) => packages))], scratch);
    for (const base of wanted) {
      const [have, all] = [closures.get(base.from) ?? new Set(), closures.get(base.name)!];
      const root = join(scratch, repositoryOf(base.name));
      mkdirSync(root);
      if (base.from === 'scratch' && all.size > 0) mergedFolders(root);
      for (const name of [...all].filter((each) => !have.has(each))) {
        execFileSync('dpkg-deb', ['--extract', archives.get(name)!, root]);
      }
      for (const useless of ['doc', 'man', 'locale', 'info'])
        rmSync(join(root, 'usr/share', useless), { recursive: true, force: true });
      base.finish?.(root);
    }
    build(scratch);
    mkdirSync(bases, { recursive: true });
    for (const { name } of wanted) {
      rmSync(join(bases, repositoryOf(name)), { recursive: true, force: true });
      renameSync(join(scratch, 'layouts', repositoryOf(name)), join(bases, repositoryOf(name)));
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** One build of a workspace of these images. Their layers stay uncompressed: they never leave this machine. */
function build(scratch: string): void {
  const images = Object.fromEntries(
    wanted.map(({ name, from, lines, contexts = {} }) => [
      repositoryOf(name),
      {
        context: repositoryOf(name),
        contexts,
        dockerfileInline: [`FROM ${from}`, 'COPY . /', ...lines].join('\n'),
        tags: name,
        output: `type=oci,tar=false,compression=uncompressed,dest=layouts/${repositoryOf(name)}`,
      },
    ]),
  );
  writeFileSync(join(scratch, 'buildkit.config.json'), JSON.stringify({ images }));
  execFileSync(join(project, 'node_modules/.bin/cli'), ['build', 'all', '--quiet', '--cache-dir', join(scratch, 'cache')], {
    cwd: scratch,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function repositoryOf(name: string): string {
  return name.split(':')[0]!;
}

/** What apt-get does as if nothing were installed. */
function apt(packages: readonly string[], scratch: string, ...flags: string[]): string {
  const status = join(scratch, 'status');
  writeFileSync(status, '');
  const archives = join(scratch, 'archives');
  mkdirSync(join(archives, 'partial'), { recursive: true });
  const options = [
    `Dir::State::status=${status}`,
    `Dir::Cache::archives=${archives}`,
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=root',
  ];
  const args = [...options.flatMap((option) => ['-o', option]), 'install', '-y', '-qq', ...flags, ...packages];
  return execFileSync('apt-get', args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
}

/** The names of packages with all that they depend on. */
function closureOf(packages: readonly string[], scratch: string): ReadonlySet<string> {
  if (packages.length === 0) return new Set();
  const plan = apt(packages, scratch, '--simulate').split('\n');
  return new Set(plan.flatMap((line) => /^Inst (\S+)/.exec(line)?.[1] ?? []));
}

/** The archives of packages and of all that they depend on, by name. */
function download(packages: readonly string[], scratch: string): ReadonlyMap<string, string> {
  apt(packages, scratch, '--download-only');
  const files = globSync(join(scratch, 'archives/*.deb'));
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
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
  if (busybox === undefined) throw new Error('there is no static busybox: apt-get install busybox-static');
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
  }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
}
