import { command } from '../command.ts';
import { imageFlags } from '../flags/build.ts';
import { workspaceFlags } from '../flags/workspace.ts';
import { pageFlags } from '../page/flags.ts';

export const explore = command({
  summary: 'Edit a Dockerfile and see its graph, lint findings and what a change rebuilds',
  usage: '[DOCKERFILE | FOLDER | IMAGE]',
  description: `
Opens a page on this machine to edit a Dockerfile on. With every keystroke it shows the stages,
the graph of steps with their digests, what the rules find, what the cache holds, and which
steps the change would build again, and why. The page talks to the frontend that builds;
nothing is built, and the file changes only when it is saved there.

The page is served on 127.0.0.1 under an address that nobody can guess, for this user alone. It
needs no network: base images that can't be looked up are shown as unknown.`,
  flags: { ...pageFlags, ...imageFlags, ...workspaceFlags },
  examples: [
    ['cli explore', 'the Dockerfile in this folder'],
    ['cli explore docker/web.Dockerfile', 'another one, with its folder as context'],
    ['cli explore -f docker/web.Dockerfile .', 'the same with this folder as context'],
    ['cli explore api', 'the Dockerfile of an image of the workspace, with its arguments and contexts'],
  ],
  async run(invocation) {
    const { openExplorer } = await import('../explore/open.ts');
    const { showPage, untilStopped } = await import('../page/show.ts');
    await using scope = new AsyncDisposableStack();
    const api = await openExplorer(invocation, scope);
    scope.use(await showPage({ page: 'explore', api }, invocation.flags, invocation));
    return await untilStopped(invocation);
  },
});
