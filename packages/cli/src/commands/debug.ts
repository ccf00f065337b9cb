import { command } from '../command.ts';
import { imageFlags, workFlags } from '../build-flags.ts';
import { isFolder } from '../folder.ts';
import { Mistake } from '../mistake.ts';

const views = ['cache-records'] as const;

export const debug = command({
  summary: 'Look inside: cache-records',
  usage: 'cache-records FOLDER',
  description: `
cache-records builds a folder's Dockerfile and prints the records that a cache export
would write: digests, inputs with their selectors, and which record each links to. Two
engines that print the same records can use each other's caches.`,
  flags: { ...imageFlags, ...workFlags },
  examples: [['cli debug cache-records .', 'the records of this folder, as JSON']],
  async run(invocation) {
    const [view, folder, ...more] = invocation.positionals;
    if (!views.includes(view as (typeof views)[number])) {
      throw new Mistake(`debug has no view ${JSON.stringify(view ?? '')}`, `it has ${views.join(', ')}`);
    }
    if (folder === undefined || more.length > 0 || !isFolder(folder))
      throw new Mistake(`debug ${view} takes one folder`);
    const { flags, env, signal, stdout } = invocation;
    await using scope = new AsyncDisposableStack();
    const { chosenTasks } = await import('../tasks.ts');
    const { tasks, settings } = await chosenTasks(invocation, scope, folder);
    const { openEngineFor } = await import('../open-engine.ts');
    const engine = scope.use(await openEngineFor(flags, env, settings));
    const work = { signal, report: () => undefined };
    const defined = await engine.define(tasks[0]!.request, work);
    stdout.write(`${JSON.stringify(await engine.cacheRecords(defined, work), null, 2)}\n`);
    return 0;
  },
});
