import { mkdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { asDiskFull } from '../std/disk-full.ts';
import { Attrs } from './attrs.ts';
import { copyTree, removeStale } from './copy-tree.ts';
import { badDestination, folderDestination } from './destination.ts';
import type { Exporter } from './exporter.ts';
import { step, stepWork } from './step.ts';
import { mountTrees, readTreeOptions, type TreeOptions } from './trees.ts';

interface Options extends TreeOptions {
  readonly mode: 'copy' | 'delete';
}

/**
 * The files of what was built in a folder, owned by whoever builds. What lies there already stays, unless a file has the
 * same name; with `mode=delete` all else goes.
 */
export const localExporter: Exporter = {
  async check({ attrs, destination }) {
    readOptions(attrs);
    folderDestination('local', destination);
  },

  async make(input, { pool }, job) {
    const options = readOptions(input.attrs);
    const folder = folderDestination('local', input.destination);
    const { signal } = job;
    const work = stepWork(input, job);
    await mkdir(folder, { recursive: true });
    const destination = await realpath(folder);
    if (options.mode === 'delete' && ['/', homedir()].includes(destination)) {
      throw badDestination(
        `mode=delete would remove all else in ${destination}; choose a folder of its own`,
        destination,
      );
    }
    await using mounted = await mountTrees(input, options, { ...job, pool });
    const kept = await step('copying files', work, async () => {
      try {
        return await pool.run(copyTree, { trees: mounted.trees, destination }, { signal });
      } catch (error) {
        throw asDiskFull(error, destination);
      }
    });
    if (options.mode === 'delete') {
      await step('removing stale files', work, () => pool.run(removeStale, { destination, kept }, { signal }));
    }
    return { response: {} };
  },
};

function readOptions(given: Readonly<Record<string, string>>): Options {
  const attrs = new Attrs('local', given);
  const options = { ...readTreeOptions(attrs), mode: attrs.oneOf('mode', ['copy', 'delete']) ?? ('copy' as const) };
  attrs.end();
  return options;
}
