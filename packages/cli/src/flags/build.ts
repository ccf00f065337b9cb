import type { Flags } from './flags.ts';
import { workspaceFlags } from './workspace.ts';

/** Flags that describe one image, as `docker buildx build` spells them. */
export const imageFlags = {
  file: {
    kind: 'list',
    short: 'f',
    placeholder: 'FILE',
    help: "A folder's Dockerfile (- reads it from standard input), or a workspace's bake or compose file",
    env: false,
  },
  target: { kind: 'value', placeholder: 'STAGE', help: 'The stage to build; the last one by default', env: false },
  tag: { kind: 'list', short: 't', placeholder: 'NAME', help: 'A name for the image, as in app:1.0', env: false },
  'build-arg': {
    kind: 'list',
    placeholder: 'NAME[=VALUE]',
    help: 'A build argument; without a value, that of the environment',
    env: false,
  },
  'build-context': {
    kind: 'list',
    placeholder: 'NAME=SOURCE',
    help: 'A named context: a folder, docker-image://, oci-layout://, a URL',
    env: false,
  },
  secret: {
    kind: 'list',
    placeholder: 'id=ID[,src=FILE|,env=NAME]',
    help: 'A secret for RUN --mount=type=secret',
    env: false,
  },
  ssh: {
    kind: 'list',
    placeholder: 'default|ID[=SOCKET|KEY]',
    help: 'An SSH agent or keys for RUN --mount=type=ssh',
    env: false,
  },
  label: { kind: 'list', placeholder: 'NAME=VALUE', help: 'A label of the image', env: false },
  annotation: {
    kind: 'list',
    placeholder: 'KEY=VALUE',
    help: 'An annotation of the manifest, or as in index,manifest[linux/amd64]:KEY=VALUE',
    env: false,
  },
  platform: { kind: 'list', placeholder: 'OS/ARCH', help: 'What to build for; several give an index', env: false },
  output: {
    kind: 'list',
    short: 'o',
    placeholder: 'type=TYPE,dest=PATH',
    help: 'Where the result goes: image, registry, oci, docker, tar, local',
    env: false,
  },
  attest: {
    kind: 'list',
    placeholder: 'type=TYPE,…',
    help: 'Say where the image came from or what is in it: type=provenance,mode=max or type=sbom',
    env: false,
  },
  provenance: {
    kind: 'value',
    placeholder: 'mode=MODE',
    help: 'Short for --attest type=provenance,…: true, false, or as in mode=max',
    env: false,
  },
  sbom: {
    kind: 'value',
    placeholder: 'true',
    help: 'Short for --attest type=sbom,…: true, false, or as in generator=IMAGE',
    env: false,
  },
  reproducible: {
    kind: 'switch',
    help: 'The same content gives the same digest, whoever builds it, wherever and whenever',
    env: false,
  },
  push: { kind: 'switch', help: 'Push to the registries that the names begin with', env: false },
  load: {
    kind: 'choice',
    placeholder: 'ENGINE',
    implied: 'docker',
    among: ['docker', 'podman', 'containerd', 'true', 'false'],
    help: 'Load into Docker, or another container engine of this machine',
    env: false,
  },
  'no-cache': { kind: 'switch', help: 'Run every step again', env: false },
  'no-cache-filter': { kind: 'list', placeholder: 'STAGE', help: 'Run the steps of this stage again', env: false },
  'cache-from': {
    kind: 'list',
    placeholder: 'type=TYPE,…',
    help: 'A cache to read from: local, registry, s3 or gha',
    env: false,
  },
  'cache-to': { kind: 'list', placeholder: 'type=TYPE,…', help: 'A cache to write to; inline is one, too', env: false },
  pull: { kind: 'switch', help: 'Ask the registries again which image a tag means', env: false },
  network: {
    kind: 'value',
    placeholder: 'MODE',
    among: ['default', 'host', 'none'],
    help: 'Network of RUN steps',
    env: false,
  },
  allow: {
    kind: 'list',
    placeholder: 'ENTITLEMENT',
    among: ['network.host', 'security.insecure', 'device', 'device=NAME'],
    help: 'Allow what a Dockerfile may ask for',
    env: false,
  },
  'add-host': { kind: 'list', placeholder: 'HOST:IP', help: 'A line for /etc/hosts', env: false },
  'shm-size': { kind: 'value', placeholder: 'SIZE', help: 'Size of /dev/shm, as in 64m', env: false },
  ulimit: {
    kind: 'list',
    placeholder: 'NAME=SOFT[:HARD]',
    help: 'A limit for RUN steps, as in nofile=1024:2048',
    env: false,
  },
  resource: {
    kind: 'list',
    placeholder: 'NAME=VALUE',
    help: 'A limit of each RUN step, as in memory=2g or cpus=1.5',
    env: false,
  },
  'cgroup-parent': { kind: 'value', placeholder: 'CGROUP', help: 'The cgroup above those of RUN steps', env: false },
} as const satisfies Flags;

/** Flags that tell of targets in place of building them, as `docker buildx bake` spells them. */
export const bakeFlags = {
  print: { kind: 'switch', help: 'Print what would be built, as JSON, and build nothing', env: false },
  list: {
    kind: 'value',
    placeholder: 'targets|variables',
    help: 'List targets or variables, and build nothing; type=targets,format=json for programs',
    env: false,
  },
} as const satisfies Flags;

/** Flags that say how to work and what to tell. */
export const workFlags = {
  ...workspaceFlags,
  concurrency: { kind: 'value', placeholder: 'N|N%', help: 'How many steps run at a time' },
  memory: {
    kind: 'value',
    placeholder: 'SIZE|N%',
    help: 'Memory that all RUN steps together may take, as in 4GiB; by default 80% of what is free',
  },
  timeout: { kind: 'value', placeholder: 'TIME', help: 'Stop the run after this time, as in 30m' },
  retries: {
    kind: 'value',
    placeholder: 'N',
    help: 'Run a failed RUN step up to N more times, unless its image says how often',
  },
  'network-mode': {
    kind: 'value',
    placeholder: 'MODE',
    among: ['host', 'bridge', 'auto'],
    help: "What RUN steps get where they ask for nothing: the host's network, or one of their own behind a bridge",
  },
  continue: {
    kind: 'choice',
    placeholder: 'MODE',
    implied: 'always',
    among: ['never', 'dependencies-successful', 'always'],
    help: 'After a failure, finish images whose dependencies were built, or also those that only wait for what failed',
  },
  progress: {
    kind: 'value',
    placeholder: 'MODE',
    among: ['auto', 'tty', 'plain', 'github', 'gitlab', 'buildkite', 'azure', 'json', 'rawjson', 'quiet'],
    alias: 'ui',
    help: 'How to show it',
  },
  summary: { kind: 'value', placeholder: 'FILE', help: 'Append a summary of the run to this file, as Markdown' },
  'code-quality': {
    kind: 'value',
    placeholder: 'FILE',
    help: 'Write failures and warnings with their places, as GitLab reads them',
  },
  json: { kind: 'switch', help: 'Events as lines of JSON on standard output; short for --progress json' },
  quiet: { kind: 'switch', short: 'q', help: 'Print only ID and NAME@DIGEST of what was built' },
  verbose: { kind: 'switch', short: 'v', help: 'A line for every step' },
  'metadata-file': {
    kind: 'value',
    placeholder: 'FILE',
    help: 'Write what the exporters answered, as JSON',
    env: false,
  },
  summarize: {
    kind: 'choice',
    placeholder: 'FILE',
    implied: '',
    help: "Tell where the run's record is, or write it to a file, as JSON",
    env: false,
  },
  profile: {
    kind: 'choice',
    placeholder: 'FILE',
    implied: '',
    help: 'Write a trace that chrome://tracing and Perfetto open, to a file or beside the record',
    env: false,
  },
  iidfile: { kind: 'value', placeholder: 'FILE', help: "Write the image's digest", env: false },
} as const satisfies Flags;

/** Of commands that may be told to run nothing. */
export const frozenFlag = {
  frozen: {
    kind: 'switch',
    help: 'Take everything from caches: if a step would run, tell which, run nothing and exit with 5',
  },
} as const satisfies Flags;
