// The configurations of images that exist. They come from registries, so nothing in them is taken for granted.

import type { Healthcheck, History, ImageConfig } from '../../oci/image-config.ts';
import type { Platform } from '../../oci/platform.ts';
import { mistake } from './failure.ts';

/** The platform that a configuration names. */
export function platformOf(config: ImageConfig): Platform {
  const { os, architecture, variant, 'os.version': version, 'os.features': features } = config;
  return {
    os,
    architecture,
    ...(variant && { variant }),
    ...(version && { 'os.version': version }),
    ...(features?.length && { 'os.features': features }),
  };
}

/** Whether an image has no layers, so that building on it is building on nothing. */
export function isEmptyImage(config: ImageConfig): boolean {
  return !config.rootfs?.diff_ids.length && (config.history ?? []).every((entry) => entry.empty_layer);
}

/**
 * Reads the configuration of a base image. It comes from a registry, so everything that is used is checked; what the
 * image format does not know is left out, as BuildKit does. Throws a mistake.
 */
export function readImageConfig(bytes: Uint8Array): ImageConfig {
  const broken = (why: string) => mistake(`failed to parse image config: ${why}`);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    throw broken(error instanceof Error ? error.message : String(error));
  }
  const record = (value: unknown, name: string): Record<string, unknown> => {
    if (value === undefined || value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value)) throw broken(`${name} is not an object`);
    return value as Record<string, unknown>;
  };
  const image = record(json, 'it');
  const config = record(image.config, 'config');
  const text = (value: unknown, name: string): string | undefined => {
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string') throw broken(`${name} is not a string`);
    return value;
  };
  const list = (value: unknown, name: string): readonly string[] | undefined => {
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw broken(`${name} is not a list of strings`);
    }
    return value.length > 0 ? value : undefined;
  };
  const keys = (value: unknown, name: string) => {
    const names = Object.keys(record(value, name));
    return names.length > 0 ? Object.fromEntries(names.map((key) => [key, {}])) : undefined;
  };
  const number = (value: unknown, name: string): number | undefined => {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'number') throw broken(`${name} is not a number`);
    return value;
  };
  const labels = record(config.Labels, 'Labels');
  for (const [name, value] of Object.entries(labels)) text(value, `label ${name}`);
  const check =
    config.Healthcheck === undefined || config.Healthcheck === null
      ? undefined
      : record(config.Healthcheck, 'Healthcheck');
  const rootfs = record(image.rootfs, 'rootfs');
  const history = image.history ?? [];
  if (!Array.isArray(history)) throw broken('history is not a list');
  return compact({
    created: text(image.created, 'created'),
    author: text(image.author, 'author'),
    architecture: text(image.architecture, 'architecture') ?? '',
    variant: text(image.variant, 'variant'),
    os: text(image.os, 'os') ?? '',
    'os.version': text(image['os.version'], 'os.version'),
    'os.features': list(image['os.features'], 'os.features'),
    config: compact({
      User: text(config.User, 'User'),
      ExposedPorts: keys(config.ExposedPorts, 'ExposedPorts'),
      Env: list(config.Env, 'Env'),
      Entrypoint: list(config.Entrypoint, 'Entrypoint'),
      Cmd: list(config.Cmd, 'Cmd'),
      Volumes: keys(config.Volumes, 'Volumes'),
      WorkingDir: text(config.WorkingDir, 'WorkingDir'),
      Labels: Object.keys(labels).length > 0 ? (labels as Record<string, string>) : undefined,
      StopSignal: text(config.StopSignal, 'StopSignal'),
      ArgsEscaped: config.ArgsEscaped === true ? true : undefined,
      Healthcheck:
        check &&
        compact<Healthcheck>({
          Test: list(check.Test, 'Healthcheck.Test'),
          Interval: number(check.Interval, 'Healthcheck.Interval'),
          Timeout: number(check.Timeout, 'Healthcheck.Timeout'),
          StartPeriod: number(check.StartPeriod, 'Healthcheck.StartPeriod'),
          StartInterval: number(check.StartInterval, 'Healthcheck.StartInterval'),
          Retries: number(check.Retries, 'Healthcheck.Retries'),
        }),
      OnBuild: list(config.OnBuild, 'OnBuild'),
      Shell: list(config.Shell, 'Shell'),
    }),
    rootfs: { type: 'layers', diff_ids: (list(rootfs.diff_ids, 'rootfs.diff_ids') ?? []) as never },
    history: history.map((value: unknown) => {
      const entry = record(value, 'an entry of history');
      return compact<History>({
        created: text(entry.created, 'created'),
        created_by: text(entry.created_by, 'created_by'),
        author: text(entry.author, 'author'),
        comment: text(entry.comment, 'comment'),
        empty_layer: entry.empty_layer === true ? true : undefined,
      });
    }),
  });
}

type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

function compact<T extends object>(value: Loose<T>): T {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as T;
}
