// What an image's `watch` means: paths absolute, texts as words, times as numbers.

import { posix, resolve } from 'node:path';
import { parseSeconds } from '@monokit/engine/std/quantity';
import type { ImageWatch, WatchAction, WatchDependency, WatchExec } from './config.ts';
import { listOf } from './layers.ts';
import { readPorts } from './ports.ts';
import type { ActionSpec, Dependency, ExecSpec, RestartSpec, WatchSpec } from './target.ts';
import { readVolumes } from './volumes.ts';
import { wordsOf } from './words.ts';

interface World {
  /** Absolute. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Throws a `TypeError` that says what is wrong. */
export function readWatch(written: ImageWatch, world: World): WatchSpec {
  const { up = true, entrypoint, command, environment, user, workingDir, stopSignal, stopGracePeriod } = written;
  const grace = stopGracePeriod === undefined ? undefined : parseSeconds(stopGracePeriod);
  if (stopGracePeriod !== undefined && grace === undefined)
    throw new TypeError(`watch.stopGracePeriod: ${JSON.stringify(stopGracePeriod)} is not a time such as 10s`);
  if (workingDir !== undefined && !workingDir.startsWith('/'))
    throw new TypeError(`watch.workingDir: ${JSON.stringify(workingDir)} is not an absolute path`);
  return {
    up,
    ...(entrypoint !== undefined && { entrypoint: commandOf(entrypoint) }),
    ...(command !== undefined && { command: commandOf(command) }),
    environment: environmentOf(environment, world.env),
    ...(user !== undefined && { user }),
    ...(workingDir !== undefined && { workingDir }),
    network: written.network ?? 'default',
    ...(stopSignal !== undefined && { stopSignal }),
    ...(grace !== undefined && { stopGrace: grace * 1000 }),
    dependsOn: dependenciesOf(written.dependsOn),
    restart: restartOf(written.restart),
    ports: readPorts(written),
    volumes: readVolumes(written, world),
    actions: (written.actions ?? []).map((each, index) => actionOf(each, `watch.actions[${index}]`, world)),
  };
}

function dependenciesOf(written: ImageWatch['dependsOn'] = {}): readonly Dependency[] {
  const entries: readonly (readonly [string, WatchDependency])[] = Array.isArray(written)
    ? (written as readonly string[]).map((id) => [id, {}])
    : Object.entries(written as Readonly<Record<string, WatchDependency>>);
  return entries.map(([id, { condition }]) => ({
    id,
    until: condition === 'service_completed_successfully' ? 'completed' : 'started',
  }));
}

/** By compose's words. Nobody stops a container here but who ends the watch, so `unless-stopped` is `always`. */
function restartOf(written: string = 'no'): RestartSpec {
  const [, policy, most] = /^(no|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(written) ?? [];
  if (policy === undefined || (most !== undefined && policy !== 'on-failure')) {
    throw new TypeError(
      `watch.restart: ${JSON.stringify(written)} is none of no, always, unless-stopped, on-failure and on-failure:3`,
    );
  }
  if (policy === 'no') return { when: 'never' };
  return policy === 'on-failure' ? { when: 'failed', ...(most && { most: Number(most) }) } : { when: 'always' };
}

function actionOf(written: WatchAction, at: string, world: World): ActionSpec {
  const { action, path, target, exec } = written;
  if (target !== undefined && !target.startsWith('/'))
    throw new TypeError(`${at}.target: ${JSON.stringify(target)} is not an absolute path of the container`);
  if (action === 'sync+exec' && !exec) throw new TypeError(`${at}: sync+exec needs exec, with a command`);
  if (exec && action !== 'sync+exec') throw new TypeError(`${at}: exec goes with sync+exec, not with ${action}`);
  if (target !== undefined && !action.startsWith('sync'))
    throw new TypeError(`${at}: ${action} puts nothing in the container, so it has no target`);
  return {
    action,
    path: resolve(world.root, path),
    ...(target !== undefined && { target: posix.normalize(target) }),
    ignore: listOf(written.ignore),
    include: listOf(written.include),
    initialSync: written.initialSync ?? written.initial_sync ?? false,
    ...(exec && { exec: execOf(exec, world.env) }),
  };
}

function execOf(written: WatchExec, env: World['env']): ExecSpec {
  const { command, user, privileged = false, working_dir: workingDir, environment } = written;
  return {
    command: commandOf(command),
    ...(user !== undefined && { user }),
    privileged,
    ...(workingDir !== undefined && { workingDir }),
    environment: environmentOf(environment, env),
  };
}

function commandOf(written: string | readonly string[]): readonly string[] {
  return typeof written === 'string' ? wordsOf(written) : written;
}

/** `NAME=value` in a list, or a map; one without a value has that of the environment around, if it has one. */
function environmentOf(written: WatchExec['environment'] = {}, env: World['env']): Readonly<Record<string, string>> {
  const entries = Array.isArray(written)
    ? (written as readonly string[]).map((text) => {
        const equals = text.indexOf('=');
        return equals < 0 ? ([text, null] as const) : ([text.slice(0, equals), text.slice(equals + 1)] as const);
      })
    : Object.entries(written);
  return Object.fromEntries(
    entries.flatMap(([name, value]) => {
      const text = value === null ? env[name] : String(value);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}
