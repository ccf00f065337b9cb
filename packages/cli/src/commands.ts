import type { Command } from './command.ts';

export interface ListedCommand {
  /** The heading that it is listed below. */
  readonly group: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/**
 * The commands by name, in the order of the list, each loaded when it is used. Summaries stand here too, so that the list
 * loads none of them.
 */
export const commands: Readonly<Record<string, ListedCommand>> = {
  build: {
    group: 'Build',
    summary: 'Build images of the workspace, or a folder with a Dockerfile',
    load: async () => (await import('./commands/build.ts')).build as Command,
  },
  watch: {
    group: 'Build',
    summary: 'Build, then build again what each change reaches',
    load: async () => (await import('./commands/watch.ts')).watch as Command,
  },
  release: {
    group: 'Build',
    summary: 'Build, push and tag all images of the workspace as one release',
    load: async () => (await import('./commands/release.ts')).release as Command,
  },
  plan: {
    group: 'Before a build',
    summary: 'Tell what a build would run, without building',
    load: async () => (await import('./commands/plan.ts')).plan as Command,
  },
  affected: {
    group: 'Before a build',
    summary: 'List the images that changes since a commit can affect, and why',
    load: async () => (await import('./commands/affected.ts')).affected as Command,
  },
  ls: {
    group: 'Before a build',
    summary: 'List the images of the workspace and those in the store',
    load: async () => (await import('./commands/ls.ts')).ls as Command,
  },
  graph: {
    group: 'Before a build',
    summary: 'Print the graph of images, stages and steps',
    load: async () => (await import('./commands/graph.ts')).graph as Command,
  },
  explore: {
    group: 'Before a build',
    summary: 'Edit a Dockerfile and see its graph, lint findings and what a change rebuilds',
    load: async () => (await import('./commands/explore.ts')).explore as Command,
  },
  lint: {
    group: 'Before a build',
    summary: 'Check Dockerfiles by the rules of docker build --check',
    load: async () => (await import('./commands/lint.ts')).lint as Command,
  },
  print: {
    group: 'Before a build',
    summary: 'Print what would be built: resolved targets, or their LLB',
    load: async () => (await import('./commands/print.ts')).print as Command,
  },
  why: {
    group: 'After a build',
    summary: 'Tell why an image was built again, or will be',
    load: async () => (await import('./commands/why.ts')).why as Command,
  },
  runs: {
    group: 'After a build',
    summary: 'Look at past runs: their times, logs and timelines, and what differs between two',
    load: async () => (await import('./commands/runs.ts')).runs as Command,
  },
  diff: {
    group: 'After a build',
    summary: 'Tell what differs between two builds of an image, or any two images',
    load: async () => (await import('./commands/diff.ts')).diff as Command,
  },
  shell: {
    group: 'After a build',
    summary: 'Open a shell in a failed step, as it left its files, or in an image',
    load: async () => (await import('./commands/shell.ts')).shell as Command,
  },
  imagetools: {
    group: 'Images and caches',
    summary: 'Inspect, combine and copy images in registries and OCI layouts',
    load: async () => (await import('./commands/imagetools.ts')).imagetools as Command,
  },
  du: {
    group: 'Images and caches',
    summary: 'Show what the cache holds',
    load: async () => (await import('./commands/du.ts')).du as Command,
  },
  prune: {
    group: 'Images and caches',
    summary: 'Remove from the cache what nothing uses',
    load: async () => (await import('./commands/prune.ts')).prune as Command,
  },
  doctor: {
    group: 'This machine and this workspace',
    summary: 'Check what builds need of this machine, and tell how to mend what is missing',
    load: async () => (await import('./commands/doctor.ts')).doctor as Command,
  },
  init: {
    group: 'This machine and this workspace',
    summary: 'Write a buildkit.config.ts for the Dockerfiles found here',
    load: async () => (await import('./commands/init.ts')).init as Command,
  },
  schema: {
    group: 'This machine and this workspace',
    summary: 'Print the JSON Schema of configurations in JSON and YAML',
    load: async () => (await import('./commands/schema.ts')).schema as Command,
  },
  completion: {
    group: 'This machine and this workspace',
    summary: 'Print a script that completes words in bash, zsh or fish',
    load: async () => (await import('./commands/completion.ts')).completion as Command,
  },
  debug: {
    group: 'This machine and this workspace',
    summary: 'Look inside: dump-llb, cache-records',
    load: async () => (await import('./commands/debug.ts')).debug as Command,
  },
};
