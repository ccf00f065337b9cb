import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyboxLayout } from './bases.ts';
import { writeTree, type Tree } from './tree.ts';

export const projectRoot = join(import.meta.dirname, '../..');
/** The command line as npx runs it. */
export const bin = join(projectRoot, 'node_modules/.bin/cli');

/** How long a text is waited for, in milliseconds: who has not told it by then never will. */
export const patience = 180_000;

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const ofTheMachine =
  /^(CI|CI_.*|(GITHUB|GITLAB|BUILDKITE|BITBUCKET|DRONE|TRAVIS|AGENT)_?.*|TF_BUILD|FORCE_COLOR|COLUMNS|LINES)$/;

/** The environment of the command line: runs are shown, and releases made, as on anybody's machine, wherever tests run. */
export const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofTheMachine.test(name))),
  LC_ALL: 'C.UTF-8',
  TERM: 'xterm',
  NO_COLOR: '1',
};

/** A project in a folder of its own, with a cache of its own, and the command line as people use it. */
export class Rig implements AsyncDisposable {
  readonly root: string;
  /** The project's files. */
  readonly dir: string;
  readonly cacheDir: string;
  readonly #children = new Set<ChildProcess>();

  static async open(files: Tree = {}): Promise<Rig> {
    const rig = new Rig(mkdtempSync(join(tmpdir(), 'monokit-test-')));
    await rig.write(files);
    return rig;
  }

  private constructor(root: string) {
    this.root = root;
    this.dir = join(root, 'project');
    this.cacheDir = join(root, 'cache');
    mkdirSync(this.dir);
  }

  async write(files: Tree): Promise<void> {
    writeTree(this.dir, files);
  }

  /** Writes a file at once, as editors do. Where it is cut and written anew, who watches may see it empty. */
  put(name: string, text: string): void {
    const beside = join(this.root, 'put');
    writeTree(this.root, { put: text });
    renameSync(beside, this.path(name));
  }

  path(...names: string[]): string {
    return join(this.dir, ...names);
  }

  /** Starts the command line; `done` resolves when it has ended. */
  start(
    args: readonly string[],
    {
      env = {},
      stdin,
      through = [],
    }: {
      readonly env?: NodeJS.ProcessEnv;
      readonly stdin?: string | Uint8Array;
      /** A program with its arguments that runs the command line behind them. */
      readonly through?: readonly string[];
    } = {},
  ) {
    const [program, ...words] = [...through, bin, ...args] as [string, ...string[]];
    const child = spawn(program, words, {
      cwd: this.dir,
      env: { ...environment, MONOKIT_CACHE_DIR: this.cacheDir, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    child.stdin.on('error', () => undefined); // it may have ended without reading
    child.stdin.end(stdin);
    let [stdout, stderr] = ['', ''];
    // A letter may come in two pieces.
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8');
    child.stdout.on('data', (data: string) => (stdout += data));
    child.stderr.on('data', (data: string) => (stderr += data));
    const done = new Promise<Outcome>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        this.#children.delete(child);
        resolve({ code, signal, stdout, stderr });
      });
    });
    /** Resolves when the text has been told, on either stream, with all that was; rejects if it ends, or goes on, without. */
    const told = (text: string) =>
      new Promise<string>((resolve, reject) => {
        const give = (how: string) => () =>
          reject(new Error(`${how} without telling ${JSON.stringify(text)}:\n${stdout}${stderr}`));
        const timer = setTimeout(give('went on'), patience);
        const look = () => {
          if (!`${stdout}${stderr}`.includes(text)) return;
          clearTimeout(timer);
          resolve(`${stdout}${stderr}`);
        };
        child.stdout.on('data', look);
        child.stderr.on('data', look);
        child.on('close', () => {
          clearTimeout(timer);
          give('ended')();
        });
        look();
      });
    return { child, done, told };
  }

  /** Runs the command line to its end. */
  cli(args: readonly string[], options?: Parameters<Rig['start']>[1]): Promise<Outcome> {
    return this.start(args, options).done;
  }

  /** Runs it and expects success; fails with what it told otherwise. */
  async ok(args: readonly string[], options?: Parameters<Rig['start']>[1]): Promise<Outcome> {
    const outcome = await this.cli(args, options);
    if (outcome.code !== 0)
      throw new Error(`cli ${args.join(' ')} ended with ${outcome.code}:\n${outcome.stdout}${outcome.stderr}`);
    return outcome;
  }

  /** Flags that make `FROM busybox` the static busybox of this machine. */
  get busybox(): readonly string[] {
    return ['--build-context', `busybox=oci-layout://${busyboxLayout()}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.root, { recursive: true, force: true });
  }
}
