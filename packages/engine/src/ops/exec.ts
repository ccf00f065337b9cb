import type { ImmutableRef } from '../cache/ref.ts';
import type { ContainerMount, Process } from '../executor/executor.ts';
import type { ExecOp, ProxyEnv } from '../llb/exec.ts';
import type { GraphVertex } from '../llb/graph.ts';
import { hostPlatform } from '../oci/platform.ts';
import type { Job } from '../session/job.ts';
import type { Mount } from '../snapshot/mount.ts';
import type { RunFacts } from '../solver/vertex.ts';
import { diskFull, isDiskFull } from '../std/disk-full.ts';
import { Failed, failedOf } from '../std/failed.ts';
import { holdMounts, secretMissing } from './mounts.ts';
import type { Surroundings } from './surroundings.ts';
import { veil } from './veil.ts';

interface ExecWorld extends Pick<RunFacts, 'used'> {
  /** Whether it is run again after this failure; never when left out. */
  readonly isRetried?: (error: unknown) => boolean;
  readonly job: Job;
  readonly vertex: GraphVertex;
}

/** Runs an exec's process over its mounts; the results are its outputs in order. */
export async function runExec(
  op: ExecOp,
  inputs: readonly ImmutableRef[],
  world: Pick<Surroundings, 'cache' | 'executor' | 'wantedBy'> & ExecWorld,
): Promise<readonly ImmutableRef[]> {
  const { cache, executor, job, vertex, used, wantedBy, isRetried } = world;
  const name = op.meta.args.join(' ');
  const containers = await executor();
  await using held = await holdMounts(op, inputs, { cache, job, name });
  const { linuxResources } = vertex.metadata;
  const process = { ...(await processOf(op, job)), ...(linuxResources && { resources: linuxResources }) };
  const secrets = [...secretsIn(held.mounts), ...op.secretEnv.map(({ name }) => valueOf(name, process))];
  const log = (stream: 'stdout' | 'stderr') =>
    veil(secrets, (data) => job.report({ kind: 'log', vertex: vertex.digest, at: Date.now(), stream, data }));
  const [stdout, stderr] = [log('stdout'), log('stderr')];
  const container = { root: held.root, mounts: held.mounts, platform: op.platform ?? hostPlatform() };
  try {
    await containers.run(process, container, {
      signal: job.signal,
      stdout: stdout.write,
      stderr: stderr.write,
      used,
    });
  } catch (error) {
    const told = withFullDisk(error, container.root.mount);
    if (told === error && endedBadly(error) && !isRetried?.(error)) await keep(error);
    throw told;
  } finally {
    stdout.end();
    stderr.end();
  }
  return held.outputs();

  /** Keeps what the process left, for people to look at; where that can't be, its failure stays what is told. */
  async function keep(error: Error): Promise<void> {
    const about = { vertex: vertex.digest, at: Date.now() };
    try {
      const { keepFailedStep } = await import('./failed-step.ts');
      // A step that took too long was stopped; keeping it is not.
      const { signal } = new AbortController();
      await keepFailedStep(op, { inputs, held, error }, { cache, job: { ...job, signal }, vertex, wantedBy });
      job.report({ kind: 'vertex-kept', ...about });
    } catch (problem) {
      const message = `what the failed step left could not be kept: ${(problem as Error).message}`;
      const diagnostic = { severity: 'warning', code: 'debug/not-kept', message, file: vertex.name } as const;
      job.report({ kind: 'warning', ...about, diagnostic });
    }
  }
}

/**
 * Whether the process ran and failed, or the time of its image or of the whole run was up: what it left may tell why. Not
 * one that others stopped.
 */
function endedBadly(error: unknown): error is Error {
  if (error instanceof Failed) return ['process-exit', 'process-killed', 'timed-out'].includes(error.failure.kind);
  // As `AbortSignal.timeout` says it.
  return error instanceof Error && error.name === 'TimeoutError';
}

/** A process that failed, where the disk that it wrote to is full: its output tells that at best in its own words. */
function withFullDisk(error: unknown, root: Mount): unknown {
  const path = root.kind === 'overlay' ? root.upper : root.kind === 'bind' && !root.readonly ? root.path : undefined;
  if (path === undefined || !failedOf(error, 'process-exit') || !isDiskFull(path)) return error;
  const { failure } = error as Failed;
  return new Failed({ ...failure, message: `${failure.message}; ${diskFull(path).message}` }, { cause: error });
}

/** A process as a container runs it, with the secrets in its environment that the session lends. */
export async function processOf(
  op: Pick<ExecOp, 'meta' | 'secretEnv' | 'network' | 'security' | 'cdiDevices'>,
  job: Job,
): Promise<Process> {
  const { meta } = op;
  const env = [...meta.env, ...proxyVariables(meta.proxyEnv)];
  for (const { id, name, optional } of op.secretEnv) {
    const data = await job.session.secret(id, job);
    if (!data && !optional) throw secretMissing(id);
    // An optional secret that is not there is an empty variable, as in BuildKit.
    env.push(`${name}=${data ? Buffer.from(data).toString('utf8') : ''}`);
  }
  return {
    args: meta.args,
    env,
    cwd: meta.cwd || '/',
    user: meta.user,
    hostname: meta.hostname,
    extraHosts: meta.extraHosts,
    ulimits: meta.ulimits.map(({ name, soft, hard }) => ({ name, soft: Number(soft), hard: Number(hard) })),
    cgroupParent: meta.cgroupParent,
    validExitCodes: meta.validExitCodes,
    network: op.network,
    security: op.security,
    removeMountStubsRecursive: meta.removeMountStubsRecursive,
    ...(op.cdiDevices.length > 0 && { devices: op.cdiDevices }),
  };
}

function secretsIn(mounts: readonly ContainerMount[]): readonly Uint8Array[] {
  return mounts.flatMap((mount) => (mount.kind === 'secret' ? [mount.data] : []));
}

/** The last one counts, as it does for the process. */
function valueOf(name: string, { env }: Process): Uint8Array {
  const entry = env.findLast((each) => each.startsWith(`${name}=`));
  return Buffer.from(entry?.slice(name.length + 1) ?? '');
}

/** Proxy settings in both spellings, as programs look for either. */
function proxyVariables(proxy: ProxyEnv | undefined): string[] {
  const named = {
    HTTP_PROXY: proxy?.httpProxy,
    HTTPS_PROXY: proxy?.httpsProxy,
    FTP_PROXY: proxy?.ftpProxy,
    NO_PROXY: proxy?.noProxy,
    ALL_PROXY: proxy?.allProxy,
  };
  return Object.entries(named).flatMap(([name, value]) =>
    value ? [`${name}=${value}`, `${name.toLowerCase()}=${value}`] : [],
  );
}
