import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Invocation } from '../command.ts';
import { portOf } from './flags.ts';
import { openPageServer, type Api } from './server.ts';

/** Serves a page, prints its address, and starts a browser where there is one. */
export async function showPage(
  { page, api }: { readonly page: string; readonly api: Api },
  flags: { readonly port: string | undefined; readonly 'no-open': boolean },
  { stdout, env }: { readonly stdout: Pick<NodeJS.WriteStream, 'write'>; readonly env: NodeJS.ProcessEnv },
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await openPageServer({ page, api, port: portOf(flags.port) }));
  stdout.write(`${server.url}\n`);
  if (!flags['no-open']) browse(server.url, env, stack);
  return stack.move();
}

/** The exit code once the person who looks has pressed Ctrl-C: that is how such a command ends. */
export async function untilStopped({ signal, stderr }: Pick<Invocation, 'signal' | 'stderr'>): Promise<number> {
  stderr.write('Ctrl-C ends it.\n');
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  return 0;
}

/** Other users see the command lines of this machine's processes, so the address goes in a file that only we can read. */
function browse(url: string, env: NodeJS.ProcessEnv, stack: AsyncDisposableStack): void {
  if (!hasScreen(env)) return;
  const folder = mkdtempSync(join(tmpdir(), 'monokit-open-'));
  chmodSync(folder, 0o700);
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'open.html');
  const html = `<!doctype html><meta charset="utf-8"><title>monokit</title><meta http-equiv="refresh" content="0;url=${url}"><a href="${url}">Go on</a>\n`;
  writeFileSync(file, html, { mode: 0o600 });
  startBrowser(file, env);
}

/** Opens a file in the browser, where there is a screen. */
export function startBrowser(file: string, env: NodeJS.ProcessEnv): void {
  if (!hasScreen(env)) return;
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(opener, [file], { detached: true, stdio: 'ignore' });
  child.on('error', () => undefined); // no browser: the address is printed
  child.unref();
}

function hasScreen(env: NodeJS.ProcessEnv): boolean {
  return process.platform === 'darwin' || Boolean(env['DISPLAY']) || Boolean(env['WAYLAND_DISPLAY']);
}
