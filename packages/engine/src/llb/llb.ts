/*
 * The door of LLB for those who build images without a Dockerfile: `import { llb } from '@monokit/engine'`.
 *
 *     const source = llb.local('context');
 *     const built = llb.image('golang:1.23').dir('/src').run(['go', 'build', '-o', '/out/app', '.'], {
 *       mounts: [
 *         { kind: 'bind', target: '/src', from: source, readonly: true },
 *         { kind: 'bind', target: '/out' },
 *         { kind: 'cache', target: '/root/.cache/go-build', id: 'go-build' },
 *       ],
 *     });
 *     const image = llb.scratch().copy(built.mount('/out'), '/app', '/app');
 *     const definition = await image.marshal({ platform: { os: 'linux', architecture: 'amd64' } });
 *
 * States are immutable and share what they build on. A definition's digests are those that BuildKit's Go client gives.
 * This room knows nothing of how a graph is run.
 */

export { build, type BuildOptions } from './build-node.ts';
export type { Constraints } from './constraints.ts';
export { marshalDefinition, unmarshalDefinition, headOf, type Definition } from './definition.ts';
export { fromDefinition } from './definition-node.ts';
export { diff } from './diff-node.ts';
export { dumpDot, dumpJson } from './dump.ts';
export { EnvList } from './env.ts';
export type { CdiDevice, HostIp, NetworkMode, ProxyEnv, SecurityMode, Ulimit } from './exec.ts';
export {
  copy,
  FileActions,
  mkdir,
  mkfile,
  rm,
  symlink,
  type BoundActions,
  type CopyOptions,
  type CopySource,
  type CreatedTime,
  type MkdirOptions,
  type MkfileOptions,
  type OwnerOption,
  type RmOptions,
  type SymlinkOptions,
} from './file-actions.ts';
export type { LlbFailure } from './failure.ts';
export type { LaterContext } from './later.ts';
export type { MarshalOptions } from './marshal.ts';
export { loadDefinition, type LoadedDefinition } from './load.ts';
export { merge } from './merge-node.ts';
export type { LinuxResources, OpMetadata, ProgressGroup } from './metadata.ts';
export type { CacheSharing, ContentCache } from './mount.ts';
export type { Edge, Op, Vertex } from './op.ts';
export { passthrough } from './passthrough-node.ts';
export { printDefinition } from './print.ts';
export type {
  BindMountOption,
  CacheMountOption,
  CdiDeviceOption,
  RunMount,
  RunOptions,
  SecretMountOption,
  SshMountOption,
  TmpfsMountOption,
  UlimitOption,
} from './run.ts';
export type { Settings } from './settings.ts';
export { sourceMap, type SourceLocation, type SourceMap, type SourceRange } from './source-map.ts';
export type {
  BlobOptions,
  FileInfoOptions,
  GitOptions,
  HttpOptions,
  ImageOptions,
  ImageResolver,
  LocalOptions,
  OciLayoutOptions,
  ResolveMode,
} from './source-options.ts';
export { git, http, image, imageBlob, local, ociLayout, ociLayoutBlob, source } from './sources.ts';
export { decidedLater, ExecState, scratch, State, suppliedLater } from './state.ts';
