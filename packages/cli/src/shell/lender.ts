import { resolve } from 'node:path';
import type { FailedStep, Session } from '@monokit/engine';
import type { Invocation } from '../command.ts';
import type { imageFlags } from '../flags/build.ts';
import type { workspaceFlags } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';
import type { BuildInvocation } from '../tasks/tasks.ts';

/** Lends to a failed step what its image is lent in this workspace, and what flags name; nothing if it asks for nothing. */
export async function lender(
  { op, images }: FailedStep,
  invocation: Invocation<typeof imageFlags & typeof workspaceFlags>,
  scope: AsyncDisposableStack,
): Promise<Session> {
  const asks = op.secretEnv.length > 0 || op.mounts.some(({ kind }) => kind === 'secret' || kind === 'ssh');
  const [image] = images;
  const configured = asks && image !== undefined ? await ofWorkspace(image, invocation, scope) : undefined;
  if (configured) return configured;
  const { flags, env, cwd } = invocation;
  const [{ openSession }, { parseSecret }, { parseSsh }] = await Promise.all([
    import('@monokit/engine/session'),
    import('@monokit/engine/session/secrets'),
    import('@monokit/engine/session/ssh'),
  ]);
  const secrets = flags.secret.map((text) => {
    const secret = parseSecret(text, env);
    return secret.kind === 'file' ? { ...secret, path: resolve(cwd, secret.path) } : secret;
  });
  return scope.use(openSession({ secrets, ssh: flags.ssh.map((text) => parseSsh(text, env)), env }));
}

/** The session of the image as a build of it has one; undefined where this folder's workspace has no such image. */
async function ofWorkspace(
  image: string,
  invocation: Invocation<typeof imageFlags & typeof workspaceFlags>,
  scope: AsyncDisposableStack,
): Promise<Session | undefined> {
  const [{ workspaceIfAny }, { workspaceTasks }] = await Promise.all([
    import('../tasks/workspace.ts'),
    import('../tasks/workspace-tasks.ts'),
  ]);
  const [id] = image.split('#') as [string];
  const workspace = await workspaceIfAny(invocation, ['all']).catch((error: unknown) => {
    // A config that is wrong was told of; what it would lend is missing then.
    if (error instanceof Mistake) return undefined;
    throw error;
  });
  if (!workspace?.targets.has(id)) return undefined;
  const asked = { ...invocation, positionals: [image] } as unknown as BuildInvocation;
  const { tasks } = await workspaceTasks(asked, scope);
  return tasks.find(({ request }) => request.id === image)?.request.session;
}
