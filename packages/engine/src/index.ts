// The engine's public door.

export { openEngine, type EngineOptions, type LocalEngine } from './local.ts';
export { call } from './orchestrator/call.ts';
export { defineAll } from './orchestrator/define-all.ts';
export { run, type Continue, type Offer, type RunOptions, type RunResult, type Task } from './orchestrator/run.ts';
export type { RunEvent } from './orchestrator/event.ts';
export type {
  ImageContainer,
  ImageContainerOptions,
  ImageProcess,
  ImageProcessIo,
  StartedImage,
  SyncedPath,
} from './build/image-container.ts';
export type { ImageMount } from './build/volumes.ts';
export type {
  Build,
  CacheEntry,
  Defined,
  DefinedImage,
  Engine,
  Estimate,
  EstimatedStep,
  Estimator,
  ExportDestination,
  ExportRequest,
  FolderContent,
  ImageKeys,
  RequestInput,
  RequestSource,
  SolveRequest,
  SolveResponse,
  StepKey,
  StepPolicy,
} from './engine.ts';
export type { Answer } from './frontend/subrequests/subrequest.ts';
export type { RegistryClient } from './registry/registry.ts';
export type { RegistryHosts } from './registry/hosts.ts';
export type { ImageResolver } from './source/source.ts';
export type { ManifestEntry } from './cache/tree.ts';
export type { ExpectedTime } from './build/expected-time.ts';
export type { Forecast, StepForecast } from './build/forecast.ts';
export type { AskedCache } from './remote-cache/remote-cache.ts';
export type { Download } from './progress/download.ts';
export type { MemoryShare } from './scheduler/machine.ts';
export type { Enterable } from './debug/enterable.ts';
export type { ContainerShell } from './debug/container-shell.ts';
export type { Entered } from './debug/enter.ts';
export type { ProcessIo, RunningProcess } from './executor/executor.ts';
export type { FailedStep } from './ops/failed-step.ts';
export type { Outlook } from './solver/vertex.ts';
export type { Digest } from './oci/digest.ts';
export type { ImageConfig } from './oci/image-config.ts';
export type { Platform } from './oci/platform.ts';
export type { Event, SourcePlace } from './progress/event.ts';
export type { Work } from './progress/work.ts';
export type { Session } from './session/session.ts';
export type { Definition } from './llb/definition.ts';
export type { State } from './llb/state.ts';
export * as llb from './llb/llb.ts';
