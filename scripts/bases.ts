// Makes the base images of the examples from this system's packages, with our own engine, into `.bases/`: an OCI layout
// for each repository, which the examples' config names as a mirror of docker.io. What is there already stays.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Base {
  /** As people write it in FROM. */
  readonly name: string;
  /** Debian packages whose files it has, with all that they depend on. */
  readonly packages: readonly string[];
  readonly lines: readonly string[];
  /** More to put into the root. */
  readonly finish?: (root: string) => void;
}

const project = join(import.meta.dirname, '..');
const bases = join(project, '.bases');
const slim = [
  'base-files',
  'base-passwd',
  'bash',
  'coreutils',
  'dash',
  'findutils',
  'grep',
  'gzip',
  'libc-bin',
  'sed',
  'tar',
  'util-linux',
];

const wanted: readonly Base[] = [
  { name: 'busybox:latest', packages: [], lines: ['CMD ["sh"]'], finish: busyboxRoot },
  { name: 'debian:bookworm-slim', packages: slim, lines: ['CMD ["bash"]'], finish: accounts },
  { name: 'gcc:12', packages: [...slim, 'gcc-12', 'gcc', 'libc6-dev'], lines: ['CMD ["bash"]'], finish: accounts },
  {
    name: 'node:24-slim',
    packages: [...slim, 'libstdc++6', 'libatomic1'],
    lines: ['ENV NODE_VERSION=24', 'CMD ["node"]'],
    finish(root) {
      accounts(root);
      mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
      copyFileSync(join(project, 'node_modules/node/bin/node'), join(root, 'usr/local/bin/node'));
    },
  },
];

const missing = wanted.filter(({ name }) => !existsSync(join(layoutOf(name), 'index.json')));
if (missing.length > 0) {
  const scratch = mkdtempSync(join(tmpdir(), 'monokit-bases-'));
  try {
    for (const base of missing) make(base, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function layoutOf(name: string): string {
  return join(bases, 'library', name.split(':')[0]!);
}

function make({ name, packages, lines, finish }: Base, scratch: string): void {
  console.error(
    `setup: making the base image ${name} from ${packages.length > 0 ? "this system's packages" : 'the static busybox'}`,
  );
  const folder = mkdtempSync(join(scratch, 'base-'));
  const root = join(folder, 'root');
  mkdirSync(root);
  if (packages.length > 0) unpack(packages, root, scratch);
  finish?.(root);
  writeFileSync(join(folder, 'Dockerfile'), ['FROM scratch', 'COPY root /', ...lines, ''].join('\n'));
  const output = `type=oci,tar=false,dest=${layoutOf(name)}`;
  const cli = join(project, 'node_modules/.bin/cli');
  execFileSync(cli, ['build', '--quiet', '--cache-dir', join(scratch, 'cache'), '-t', name, '-o', output, folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Downloads packages as if nothing were installed, and unpacks their files without running anything of them. */
function unpack(packages: readonly string[], root: string, scratch: string): void {
  const archives = join(scratch, 'archives');
  mkdirSync(join(archives, 'partial'), { recursive: true });
  const status = join(scratch, 'status');
  writeFileSync(status, '');
  const options = [
    `Dir::State::status=${status}`,
    `Dir::Cache::archives=${archives}`,
    'APT::Install-Recommends=false',
    'APT::Sandbox::User=root',
  ];
  const flags = options.flatMap((option) => ['-o', option]);
  execFileSync('apt-get', [...flags, 'install', '-y', '-qq', '--download-only', ...packages], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const plan = execFileSync('apt-get', [...flags, 'install', '-y', '-qq', '--simulate', ...packages], {
    encoding: 'utf8',
  });
  const names = new Set(plan.split('\n').flatMap((line) => /^Inst (\S+)/.exec(line)?.[1] ?? []));
  for (const file of globSync('*.deb', { cwd: archives }).sort()) {
    if (names.has(file.split('_')[0]!)) execFileSync('dpkg-deb', ['--extract', join(archives, file), root]);
  }
  // Manuals and translations are not for images.
  for (const useless of ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/info'])
    rmSync(join(root, useless), { recursive: true, force: true });
}

/** What installing base-passwd would have made. */
function accounts(root: string): void {
  for (const file of ['passwd', 'group'])
    copyFileSync(join(root, `usr/share/base-passwd/${file}.master`), join(root, 'etc', file));
  mkdirSync(join(root, 'tmp'), { recursive: true, mode: 0o1777 });
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
