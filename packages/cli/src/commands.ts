import type { Command } from './command.ts';

/** The commands by name, each loaded when it is used. Summaries stand here too, so that the list loads none of them. */
export const commands: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
  build: {
    summary: 'Build images of the workspace, or a folder with a Dockerfile',
    load: async () => (await import('./commands/build.ts')).build as Command,
  },
  release: {
    summary: 'Build, push and tag all images of the workspace as one release',
    load: async () => (await import('./commands/release.ts')).release as Command,
  },
  plan: {
    summary: 'Tell what a build would run, without building',
    load: async () => (await import('./commands/plan.ts')).plan as Command,
  },
  watch: {
    summary: 'Build, and build again what a change reaches',
    load: async () => (await import('./commands/watch.ts')).watch as Command,
  },
  runs: {
    summary: 'Look at runs that were: list them, their times, logs and timeline, and compare two',
    load: async () => (await import('./commands/runs.ts')).runs as Command,
  },
  ls: {
    summary: 'List the images of the workspace and those in the store',
    load: async () => (await import('./commands/ls.ts')).ls as Command,
  },
  print: {
    summary: 'Print what would be built: resolved targets, or their LLB',
    load: async () => (await import('./commands/print.ts')).print as Command,
  },
  lint: {
    summary: 'Check Dockerfiles by the rules of docker build --check',
    load: async () => (await import('./commands/lint.ts')).lint as Command,
  },
  affected: {
    summary: 'List the images that changes since a commit can affect, and why',
    load: async () => (await import('./commands/affected.ts')).affected as Command,
  },
  why: {
    summary: 'Tell why an image was built again, or will be',
    load: async () => (await import('./commands/why.ts')).why as Command,
  },
  graph: {
    summary: 'Print the graph of images, stages and steps',
    load: async () => (await import('./commands/graph.ts')).graph as Command,
  },
  explore: {
    summary: 'Edit a Dockerfile and see its graph, lint findings and what a change rebuilds',
    load: async () => (await import('./commands/explore.ts')).explore as Command,
  },
  imagetools: {
    summary: 'Inspect, combine and copy images in registries and OCI layouts',
    load: async () => (await import('./commands/imagetools.ts')).imagetools as Command,
  },
  du: {
    summary: 'Show what the cache holds',
    load: async () => (await import('./commands/du.ts')).du as Command,
  },
  prune: {
    summary: 'Remove what the cache holds and nobody uses',
    load: async () => (await import('./commands/prune.ts')).prune as Command,
  },
  doctor: {
    summary: 'Tell what this machine has and lacks, and how to mend it',
    load: async () => (await import('./commands/doctor.ts')).doctor as Command,
  },
  init: {
    summary: 'Write a buildkit.config.ts for the Dockerfiles found here',
    load: async () => (await import('./commands/init.ts')).init as Command,
  },
  shell: {
    summary: 'Enter a failed step as it left its files, or an image',
    load: async () => (await import('./commands/shell.ts')).shell as Command,
  },
  schema: {
    summary: 'Print the JSON Schema of configurations in JSON and YAML',
    load: async () => (await import('./commands/schema.ts')).schema as Command,
  },
  completion: {
    summary: 'Print a script that completes words in bash, zsh or fish',
    load: async () => (await import('./commands/completion.ts')).completion as Command,
  },
  diff: {
    summary: 'Tell what differs between two builds of an image, or any two images',
    load: async () => (await import('./commands/diff.ts')).diff as Command,
  },
  debug: {
    summary: 'Look inside: dump-llb, cache-records',
    load: async () => (await import('./commands/debug.ts')).debug as Command,
  },
};
