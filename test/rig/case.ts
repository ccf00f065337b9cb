import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { busyboxLayout } from './bases.ts';
import { plainUmask } from './tree.ts';

export const casesDir = join(import.meta.dirname, '../conformance/cases');

interface Spec {
  readonly dockerfile?: string;
  readonly context?: string;
  readonly target?: string;
  readonly platform?: string;
  readonly network?: string;
  readonly shmSize?: string;
  readonly buildArgs?: Readonly<Record<string, string | null>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly contexts?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly allow?: readonly string[];
  readonly addHosts?: readonly string[];
  readonly secrets?: readonly string[];
  readonly ulimits?: readonly string[];
}

/** A conformance case in a folder of its own, prepared as the runner prepares it. */
export interface PreparedCase extends Disposable {
  /** Flags of `cli build` without an output; the last one is the context. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export function prepareCase(name: string): PreparedCase {
  const folder = mkdtempSync(join(tmpdir(), 'monokit-case-'));
  const dir = join(folder, 'case');
  cpSync(join(casesDir, name), dir, { recursive: true, verbatimSymlinks: true });
  plainModes(dir);
  using _umask = plainUmask();
  if (existsSync(join(dir, 'prepare.sh'))) {
    const { status, stderr } = spawnSync('sh', ['prepare.sh'], { cwd: dir, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name}/prepare.sh: ${stderr}`);
  }
  const spec = JSON.parse(readFileSync(join(dir, 'case.json'), 'utf8').replaceAll('${CASE}', dir)) as Spec;
  const context = resolve(dir, spec.context ?? 'context');
  mkdirSync(context, { recursive: true });
  const contexts = { busybox: `oci-layout://${busyboxLayout()}`, ...spec.contexts };
  const each = (flag: string, values: readonly string[] = []) => values.flatMap((value) => [flag, value]);
  const pairs = (values: Readonly<Record<string, string | null>> = {}) =>
    Object.entries(values).map(([key, value]) => (value === null ? key : `${key}=${value}`));
  const args = [
    ...['-f', join(dir, spec.dockerfile ?? 'Dockerfile')],
    ...each('--target', spec.target === undefined ? [] : [spec.target]),
    ...each('--platform', spec.platform === undefined ? [] : [spec.platform]),
    ...each('--network', spec.network === undefined ? [] : [spec.network]),
    ...each('--shm-size', spec.shmSize === undefined ? [] : [spec.shmSize]),
    ...each('--build-arg', pairs(spec.buildArgs)),
    ...each('--label', pairs(spec.labels)),
    ...each('--build-context', pairs(contexts)),
    ...each('--allow', spec.allow),
    ...each('--add-host', spec.addHosts),
    ...each('--secret', spec.secrets),
    ...each('--ulimit', spec.ulimits),
    context,
  ];
  return { args, env: spec.env ?? {}, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The modes git checks out under umask 022, whatever the umask was. */
function plainModes(path: string): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  chmodSync(path, stat.isDirectory() || stat.mode & 0o100 ? 0o755 : 0o644);
  if (stat.isDirectory()) for (const name of readdirSync(path)) plainModes(join(path, name));
}
