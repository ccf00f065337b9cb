// What a watch tells, in words.

import type { Mistake } from '../mistake.ts';
import { describe, messageOf } from '../ui/failure.ts';
import { count, duration } from '../ui/format.ts';
import type { ContainerWords } from './containers.ts';
import type { Words } from './words.ts';

/** Lines for people; `short` says a path as they would. */
export function told(words: Words | ContainerWords, short: (path: string) => string): string {
  const list = (paths: readonly string[]) =>
    paths.length <= 3 ? paths.map(short).join(', ') : `${short(paths[0]!)} and ${paths.length - 1} more`;
  switch (words.kind) {
    case 'watching':
      return watching(words);
    case 'changed': {
      const coalesced = words.paths.length > 3 ? `coalesced ${words.paths.length} changes: ` : '';
      const images = words.images.length <= 6 ? words.images.join(', ') : count(words.images.length, 'image');
      return `${coalesced}${list(words.paths)} → ${images}`;
    }
    case 'reloaded':
      return `${list(words.paths)}: reading the workspace again`;
    case 'superseded':
      return `… ${words.images.join(', ')} cancelled (superseded)`;
    case 'waiting':
      return `… waiting for ${words.images.join(', ')}`;
    case 'left':
      return `… not acted on: ${words.images.join(', ')} ${words.images.length === 1 ? 'is' : 'are'} being built`;
    case 'nothing-failed':
      return 'nothing failed: there is nothing to build again';
    case 'polling':
      return `the kernel watches no more files for this user (${words.limit}): looking for changes every 300 ms instead`;
    case 'unseen':
      return `changes may go unseen: ${messageOf(words.error)}`;
    case 'not-run':
      return `${words.image} can't be started: ${describe(words.error).trimEnd()}`;
    case 'mistake': {
      const { message, hint } = words.error as Mistake;
      return `error: ${message}${hint === undefined ? '' : `\n  ${hint}`}`;
    }
    case 'waits':
      return `${words.image}  waits for ${words.for.join(', ')}`;
    case 'started':
    case 'restarted':
    case 'stopped':
      return `${words.image}  ${words.kind}`;
    case 'nothing-to-run':
      return `${words.image}  has neither an entrypoint nor a command: nothing is started`;
    case 'ended':
      return endedText(words);
    case 'reached':
      return `${words.image}  port ${words.target} is reached on port ${words.published} of this machine`;
    case 'synced': {
      const what = words.paths.length === 1 ? short(words.paths[0]!.from) : count(words.paths.length, 'file');
      return `${what} → ${words.image}:${words.paths[0]!.to}  synced${words.restarted ? ', restarted' : ''}`;
    }
    case 'executed': {
      const end = words.code === undefined ? 'not run: the container has ended' : `ended with ${words.code}`;
      return `${words.image}  ${words.command}: ${end}`;
    }
    case 'failed':
      return `${words.image}  ${describe(words.error).trimEnd()}`;
  }
}

function endedText({ image, end, again }: Extract<ContainerWords, { kind: 'ended' }>): string {
  const next = again === undefined ? 'when its image changes' : `in ${duration(again)}`;
  if ('code' in end) return `${image}  ended with ${end.code}: it is started again ${next}`;
  const why = describe(end.error).trimEnd();
  return again === undefined ? `${image}  ${why}` : `${image}  ${why}\n  it is started again ${next}`;
}

/** `watching 412 files in 3 images`. */
export function watching({ files, images }: Pick<Extract<Words, { kind: 'watching' }>, 'files' | 'images'>): string {
  return `watching ${files.toLocaleString('en')} ${files === 1 ? 'file' : 'files'} in ${count(images, 'image')}`;
}
