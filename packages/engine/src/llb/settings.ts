import type { Platform } from '../oci/platform.ts';
import { EnvList } from './env.ts';
import type { HostIp, NetworkMode, SecurityMode, Ulimit } from './exec.ts';
import type { Later, LaterContext } from './later.ts';
import { joinPath } from './path.ts';

/** What a state passes on to the processes that are run on it. */
export interface Settings {
  readonly env: EnvList;
  /** Working directory; relative paths of file actions start here too. */
  readonly dir: string;
  readonly user: string;
  readonly hostname: string;
  readonly network: NetworkMode;
  readonly security: SecurityMode;
  readonly extraHosts: readonly HostIp[];
  readonly ulimits: readonly Ulimit[];
  readonly cgroupParent: string;
  readonly platform?: Platform | undefined;
}

/** Those of a state that nobody told anything. */
export const initialSettings: Settings = {
  env: EnvList.empty,
  dir: '/',
  user: '',
  hostname: '',
  network: 'sandbox',
  security: 'sandbox',
  extraHosts: [],
  ulimits: [],
  cgroupParent: '',
};

/** `dir` as seen from where the settings stand. */
export function inDir(settings: Settings, dir: string): Settings {
  return { ...settings, dir: dir.startsWith('/') ? dir : joinPath(settings.dir || '/', dir) };
}

/** Settings that are known, or that will be once the state below them is. */
export type SettingsChain = Settings | PendingSettings;

/** Changes on top of a state that is not known yet. */
export class PendingSettings {
  readonly later: Later;
  readonly #below: PendingSettings | undefined;
  readonly #change: ((settings: Settings) => Settings) | undefined;

  constructor(later: Later, below?: PendingSettings, change?: (settings: Settings) => Settings) {
    this.later = later;
    this.#below = below;
    this.#change = change;
  }

  with(change: (settings: Settings) => Settings): PendingSettings {
    return new PendingSettings(this.later, this, change);
  }

  /** The settings once `later` has settled for this context; throws before. */
  resolve(context: LaterContext): Settings {
    const base = resolveSettings(this.later.settled(context).chain, context);
    return [...PendingSettings.#changes(this)].reduceRight((settings, change) => change(settings), base);
  }

  /** Newest first. */
  static *#changes(newest: PendingSettings): Generator<(settings: Settings) => Settings> {
    for (let list: PendingSettings | undefined = newest; list; list = list.#below) if (list.#change) yield list.#change;
  }
}

export function changeSettings(chain: SettingsChain, change: (settings: Settings) => Settings): SettingsChain {
  return chain instanceof PendingSettings ? chain.with(change) : change(chain);
}

export function resolveSettings(chain: SettingsChain, context: LaterContext): Settings {
  return chain instanceof PendingSettings ? chain.resolve(context) : chain;
}
