import { spawn } from 'node:child_process';
import { gitTop, readGit } from '@monokit/config';
import type { RecordedGit } from '../runs/record.ts';

/** What is checked out around a folder. Whether it is dirty is asked of git meanwhile, and told if that is quick enough. */
export function gitAt(
  root: string,
  env: NodeJS.ProcessEnv,
): { within(patience: number): Promise<RecordedGit | undefined> } {
  const top = gitTop(root);
  const { commit, branch } = readGit(top);
  if (top === undefined || commit === undefined) return { within: async () => undefined };
  const known = { commit, ...(branch !== undefined && { branch }) };
  const { promise, resolve } = Promise.withResolvers<boolean | undefined>();
  const child = spawn('git', ['-C', top, 'status', '--porcelain', '--untracked-files=no'], {
    // It must not take the index's lock from somebody who works here.
    env: { ...env, GIT_OPTIONAL_LOCKS: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.unref();
  let said = false;
  child.stdout.on('data', () => (said = true));
  child.on('error', () => resolve(undefined)); // no git here
  child.on('close', (code) => resolve(code === 0 ? said : undefined));
  return {
    async within(patience) {
      const timer = setTimeout(() => {
        child.kill();
        resolve(undefined);
      }, patience);
      const dirty = await promise;
      clearTimeout(timer);
      return { ...known, ...(dirty !== undefined && { dirty }) };
    },
  };
}
