import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failed } from '../std/failed.ts';
import { inChroot } from './chroot.ts';
import type { Process, ProcessIo } from './executor.ts';
import type { ExecutorFailure } from './failure.ts';
import { inProcess, judge } from './judge.ts';
import { signalTo } from './pid-file.ts';
import { runBundle, type RuncRun } from './runc.ts';
import { processOf, specText, type Machine } from './spec.ts';
import { resolveUser } from './user.ts';

type Box = Pick<RuncRun, 'runtime' | 'state' | 'bundle' | 'id' | 'withoutCgroups'>;

/** The processes of a container beside its first one, with which all of them end. */
export class Others {
  readonly #box: Box;
  readonly #about: { readonly root: string; readonly machine: Machine; readonly outOfMemory: () => number };
  readonly #running = new Set<Promise<void>>();
  #count = 0;

  constructor(
    box: Box,
    about: { readonly root: string; readonly machine: Machine; readonly outOfMemory: () => number },
  ) {
    this.#box = box;
    this.#about = about;
  }

  /** Runs one to its end. Only for a container that runs. */
  run(process: Process, io: ProcessIo): Promise<void> {
    const running = this.#run(process, io);
    this.#running.add(running);
    void running.then(
      () => this.#running.delete(running),
      () => this.#running.delete(running),
    );
    return running;
  }

  /** Resolves when none runs. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #run(process: Process, io: ProcessIo): Promise<void> {
    io.signal.throwIfAborted();
    if (inChroot()) {
      const message = 'no second process can be started in a container by an engine that runs in a chroot';
      throw new Failed<ExecutorFailure>({ kind: 'runtime', message });
    }
    const { root, machine, outOfMemory } = this.#about;
    const name = `process-${this.#count++}`;
    const file = join(this.#box.bundle, `${name}.json`);
    const user = inProcess(process, () => resolveUser(root, process.user));
    writeFileSync(file, specText(processOf({ process, user, machine, terminal: io.terminal !== undefined })));
    let signal: ReturnType<typeof signalTo> | undefined;
    const ending = await runBundle({
      ...this.#box,
      exec: { name, process: file },
      io,
      onPid: (pid, resize) => {
        signal = signalTo(pid);
        io.running?.({ signal, resize, exec: (other, otherIo) => this.run(other, otherIo) });
      },
      kill: () => signal?.('SIGKILL'),
    });
    if (io.signal.aborted) throw io.signal.reason;
    judge(process, ending, { outOfMemory });
  }
}
