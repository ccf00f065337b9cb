import { command } from '../command.ts';
import { imageFlags, workFlags } from '../flags/build.ts';
import type { Flags } from '../flags/flags.ts';
import { Mistake } from '../mistake.ts';
import { onlyFolder } from '../tasks/is-folder.ts';

/** A watch builds whatever can be built, as long as it is let; what tells of one run in a file, it has no use for. */
const {
  continue: _continue,
  timeout: _timeout,
  summary: _summary,
  'code-quality': _quality,
  'metadata-file': _metadata,
  iidfile: _iidfile,
  ...watched
} = workFlags;

export const watchFlags = {
  ...imageFlags,
  ...watched,
  up: {
    kind: 'switch',
    help: 'Run a container of each chosen image that has a command, as its image is now',
    env: false,
  },
  exec: {
    kind: 'value',
    placeholder: 'COMMAND',
    help: 'Run this after each successful build, ending the one before; MONOKIT_IMAGES names what was built',
    env: false,
  },
  'open-graph': { kind: 'switch', help: 'Follow the builds on a page of this machine', env: false },
  'on-busy': {
    kind: 'value',
    placeholder: 'WHAT',
    among: ['restart', 'queue', 'ignore'],
    help: 'A change during a build: restart (the default) what reads it, queue it, or ignore it',
  },
  once: { kind: 'switch', help: 'End when the first change is built, with its exit code', env: false },
  'no-initial': { kind: 'switch', help: 'Build nothing before something changes', env: false },
  clear: { kind: 'switch', help: 'Clear the screen at each change' },
  debounce: { kind: 'value', placeholder: 'MS', help: 'Silence that ends a burst of changes; 40 by default' },
  poll: {
    kind: 'choice',
    placeholder: 'MS',
    implied: '300',
    help: 'Look for changes this often, where the file system cannot report them',
  },
} as const satisfies Flags;

export const watch = command({
  summary: 'Build, then build again what each change reaches',
  usage: '[all | IMAGE | GROUP | GLOB | IMAGE#STAGE]… | FOLDER',
  description: `
Builds the chosen images, then watches the files that their steps read: a change is
built within a fraction of a second, and only into the images that it reaches. Edits of
Dockerfiles, ignore files and the config are followed. A change during a build stops
only what it makes pointless; steps that don't read it go on.

With --up a container of each chosen image runs, and is started anew when its image
changes. watch.actions of the config, and develop.watch of compose files, say which
files are put into it instead of building the image.

At a terminal: r builds all again, a does so after ending what is being built, f builds
those that failed; l shows what the last step wrote, w why it ran, d what that changed,
e opens a shell; ? lists all keys, q ends.`,
  flags: watchFlags,
  examples: [
    ['cli watch', "the workspace's group `default`, or all its images"],
    ['cli watch api web', 'two images, and all that they are built from'],
    ['cli watch api web --up', 'and containers of both, as they are now'],
    ['cli watch api --load', 'into Docker, after each change'],
    ["cli watch api --exec 'docker compose up -d api'", 'and start it anew'],
  ],
  async run(invocation) {
    const { flags, positionals } = invocation;
    if (positionals.includes('-') || flags.file.includes('-'))
      throw new Mistake('standard input cannot be watched', 'name a folder');
    if (flags['no-initial'] && flags.up)
      throw new Mistake('--up runs what is built at the beginning, and --no-initial builds nothing then');
    const debounce = milliseconds('--debounce', flags.debounce) ?? 40;
    const poll = milliseconds('--poll', flags.poll);
    const folder = onlyFolder(positionals);
    const { watchImages } = await import('../watch/watch-images.ts');
    return watchImages(invocation, { folder, debounce, poll });
  },
});

function milliseconds(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new Mistake(`${flag} needs a number of milliseconds, got ${JSON.stringify(text)}`);
  return Number(text);
}
