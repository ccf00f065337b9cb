// The rules of the chosen images, with the targets that their Dockerfiles tell.

import { realpathSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import type { ActionSpec } from '@monokit/config';
import { copiedTo } from '@monokit/engine/affected/copied-to';
import { Mistake } from '../mistake.ts';
import type { Chosen } from '../tasks/tasks.ts';
import { graphOf, type Inputs } from './inputs.ts';
import { isIn, Rules, type Rule } from './rules.ts';
import { volumeAt } from './volumes.ts';

/** Throws a `Mistake` for an action whose target nobody can tell. */
export function rulesOf({ watched, folderOf, root }: Chosen, inputs: Inputs): Rules {
  const rules = [...watched].flatMap(([image, { spec }]) =>
    (spec?.up === false ? [] : (spec?.actions ?? [])).flatMap((written, index): Rule[] => {
      const action = { ...written, path: real(written.path) };
      if (!action.action.startsWith('sync')) return [{ image, action }];
      if (isMounted(action.path)) return [{ image, action, mounted: true }];
      const target = action.target ?? inferred(action);
      if (target === undefined) return [];
      const there = volumeAt(spec, target);
      if (there === undefined || there.kind === 'volume') return [{ image, action, target }];
      const what = `watch.actions[${index}] of ${image} syncs to ${target}, where the container has`;
      throw new Mistake(
        there.kind === 'tmpfs' ? `${what} a tmpfs` : `${what} ${relative(root, there.source) || '.'} itself`,
        'leave out the action, or the volume',
      );

      function isMounted(path: string): boolean {
        return (spec?.volumes ?? []).some((volume) => volume.kind === 'bind' && isIn(path, real(volume.source)));
      }

      function inferred({ path }: ActionSpec): string | undefined {
        const defined = inputs.defined(image);
        // Its build tells what is wrong with it, and until that is mended there is no container.
        if (!defined) return undefined;
        const refuse = (why: string, at?: string): never => {
          const what = relative(root, path) || '.';
          const message = `${at === undefined ? '' : `${at}: `}watch.actions[${index}] of ${image} syncs ${what}, which ${why}`;
          throw new Mistake(message, 'say where it goes in the container: give the action a target');
        };
        const folder = inputs.folderOf(image, path);
        if (folder === undefined) return refuse(`no step of ${image} reads`, folderOf.get(image));
        const directory = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
        const found = copiedTo(graphOf(defined), 0, { folder, path: relative(folder, path), directory });
        if (found.kind === 'at') return found.target;
        const place = found.step?.source;
        const at = place && `${[folderOf.get(image), place.file].filter(Boolean).join('/')}:${place.lines[0]}`;
        return refuse(found.reason, at && relative(root, at));
      }
    }),
  );
  return new Rules(rules, (image, path) => inputs.ignores(image, path));
}

function real(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) ? realpathSync(path) : path;
}
