import { commands } from '../commands.ts';
import type { Known } from './suggest.ts';
import { workspaceWords, type WorkspaceWords } from './workspace-words.ts';

/** Runs that are suggested. */
const most = 20;

/** What may be suggested in this folder. */
export function knownHere(cwd: string, env: NodeJS.ProcessEnv): Known {
  let known: Promise<WorkspaceWords> | undefined;
  const words = () => (known ??= workspaceWords(cwd, env));
  return {
    commands,
    images: async () => (await words()).images,
    tags: async () => (await words()).tags,
    async stages(image) {
      const { stages } = await words();
      const own = Object.hasOwn(stages, image) ? stages[image]! : [];
      return own.map((stage) => ({ value: `${image}#${stage}` }));
    },
    async runs() {
      const { RunsHere } = await import('../runs/runs-here.ts');
      const { commandText, whenText } = await import('../runs/result.ts');
      const here = await RunsHere.open({ flags: { 'cache-dir': undefined }, cwd, env });
      const now = Date.now();
      return here
        .runs()
        .take(most)
        .map(({ record }) => ({ value: record.id, help: `${whenText(record.startedAt, now)}: ${commandText(record)}` }))
        .toArray();
    },
  };
}
