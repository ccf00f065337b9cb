import type { Entered } from '@monokit/engine';
import { failedOf } from '@monokit/engine/std/failed';
import type { Invocation } from '../command.ts';

/** Runs a process in what was entered with this process's own streams; as a terminal where both ends are one. */
export async function sitIn(
  entered: Pick<Entered, 'run'>,
  args: readonly string[],
  { stdin, stdout, stderr, env, signal }: Pick<Invocation, 'stdin' | 'stdout' | 'stderr' | 'env' | 'signal'>,
): Promise<number> {
  const terminal = stdin.isTTY && stdout.isTTY;
  const size = () => ({ rows: stdout.rows, cols: stdout.columns });
  using streams = new DisposableStack();
  streams.defer(() => {
    stdin.pause();
    stdin.unref?.();
  });
  const gone = new AbortController();
  if (terminal) {
    // A terminal that is closed takes along what runs in it, as SIGHUP does where it is the session's own.
    const hangUp = () => gone.abort();
    for (const event of ['end', 'error']) {
      stdin.once(event, hangUp);
      streams.defer(() => void stdin.off(event, hangUp));
    }
    // Keys go to the process as they are, Ctrl-C too.
    const { rawTerminal } = await import('@monokit/engine/raw-terminal');
    streams.use(rawTerminal(standardInput));
  }
  try {
    return await entered.run(
      { args, ...(terminal && { env: [`TERM=${env['TERM'] ?? 'xterm'}`] }) },
      {
        signal: AbortSignal.any([signal, gone.signal]),
        stdin,
        stdout: (data) => void stdout.write(data),
        stderr: (data) => void stderr.write(data),
        ...(terminal && { terminal: size() }),
        running: (running) => {
          if (!terminal) return;
          const resize = () => running.resize(size());
          stdout.on('resize', resize);
          streams.defer(() => void stdout.off('resize', resize));
        },
      },
    );
  } catch (error) {
    if (gone.signal.aborted) return hungUp;
    const unstarted = failedOf(error, 'process-exit');
    if (!unstarted) throw error;
    // As shells have it: 126 for what is there and can't be run, 127 for what isn't. The runtime said so itself.
    return /permission denied|exec format error/i.test(unstarted.message) ? 126 : 127;
  }
}

/** What shells give for a process that SIGHUP ended. */
const hungUp = 129;

/** The descriptor that `stdin` reads. */
const standardInput = 0;
