import type { ImageConfig } from '../oci/image-config.ts';

/** A setting that differs; values as JSON has them, undefined where there is none. */
export interface ConfigChange {
  /** `Env.PATH`, `Labels.version`, `Entrypoint`, `architecture`. */
  readonly key: string;
  readonly from?: unknown;
  readonly to?: unknown;
}

/** What differs of what containers start with, and of what the image is for; not when it was made, and of which layers. */
export function configChanges(from: ImageConfig, to: ImageConfig): readonly ConfigChange[] {
  const [a, b] = [settingsOf(from), settingsOf(to)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .sort()
    .filter((key) => JSON.stringify(a.get(key)) !== JSON.stringify(b.get(key)))
    .map((key) => ({
      key,
      ...(a.has(key) && { from: a.get(key) }),
      ...(b.has(key) && { to: b.get(key) }),
    }));
}

/** Keys that tell of layers and times. */
const apart: ReadonlySet<string> = new Set(['config', 'rootfs', 'history', 'created']);

function settingsOf({ config, ...about }: ImageConfig): Map<string, unknown> {
  const settings = new Map<string, unknown>();
  const put = (key: string, value: unknown) => {
    if (value !== undefined && value !== null && value !== '') settings.set(key, value);
  };
  for (const [key, value] of Object.entries(about)) if (!apart.has(key)) put(key, value);
  const { Env, Labels, ExposedPorts, Volumes, ...others } = config ?? {};
  for (const each of Env ?? []) {
    const equals = each.indexOf('=');
    put(`Env.${equals < 0 ? each : each.slice(0, equals)}`, each.slice(equals + 1));
  }
  for (const [key, value] of Object.entries(Labels ?? {})) put(`Labels.${key}`, value);
  for (const port of Object.keys(ExposedPorts ?? {})) put(`ExposedPorts.${port}`, true);
  for (const volume of Object.keys(Volumes ?? {})) put(`Volumes.${volume}`, true);
  for (const [key, value] of Object.entries(others)) put(key, value);
  return settings;
}
