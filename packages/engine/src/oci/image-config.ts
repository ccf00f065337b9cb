import type { Digest } from './digest.ts';

/** The image configuration (OCI image spec, config.md) with Docker's additions. Unknown keys are kept. */
export interface ImageConfig {
  created?: string;
  author?: string;
  architecture: string;
  variant?: string;
  os: string;
  'os.version'?: string;
  'os.features'?: readonly string[];
  config: ContainerConfig;
  rootfs?: { type: 'layers'; diff_ids: readonly Digest[] };
  history?: readonly History[];
  [key: string]: unknown;
}

/** What a container of the image starts with. */
export interface ContainerConfig {
  User?: string;
  ExposedPorts?: Record<string, Record<string, never>>;
  Env?: readonly string[];
  Entrypoint?: readonly string[] | null;
  Cmd?: readonly string[] | null;
  Volumes?: Record<string, Record<string, never>>;
  WorkingDir?: string;
  Labels?: Record<string, string>;
  StopSignal?: string;
  ArgsEscaped?: boolean;
  /** Docker's addition. Durations in nanoseconds. */
  Healthcheck?: Healthcheck;
  /** Docker's addition: build triggers for children. */
  OnBuild?: readonly string[] | null;
  /** Docker's addition: the shell of shell-form instructions. */
  Shell?: readonly string[];
  [key: string]: unknown;
}

export interface Healthcheck {
  Test?: readonly string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

export interface History {
  created?: string;
  created_by?: string;
  author?: string;
  comment?: string;
  empty_layer?: boolean;
}
