import { styleText } from 'node:util';
import type { Digest, LocalEngine } from '@monokit/engine';
import { messageOf } from '../ui/failure.ts';
import type { Renderer } from '../ui/renderer.ts';

export interface DifferencesOf {
  readonly engine: Pick<LocalEngine, 'content'>;
  readonly signal: AbortSignal;
  /** What each image was built to last, which `shown` keeps. */
  readonly digests: ReadonlyMap<string, string>;
  say(line: string): void;
}

/** A renderer that tells of each image that came out otherwise what differs, a moment after its own line. */
export function withDifferences(shown: Renderer, { engine, signal, digests, say }: DifferencesOf): Renderer {
  const tell = async (image: string, from: Digest, to: Digest): Promise<void> => {
    const { rebuiltLine } = await import('../diff/line.ts');
    const line = await rebuiltLine(engine, { from, to }, signal);
    if (line !== undefined) say(styleText('dim', `  ${image}  ${line}`, { stream: process.stderr }));
  };
  return {
    report(event) {
      const known = event.kind === 'task-completed' ? digests.get(event.task) : undefined;
      shown.report(event);
      if (event.kind !== 'task-completed' || !known || !event.digest || known === event.digest) return;
      tell(event.task, known as Digest, event.digest).catch((error: unknown) => {
        if (!signal.aborted) say(`${event.task}: ${messageOf(error)}`);
      });
    },
    finish: (end) => shown.finish(end),
    [Symbol.dispose]: () => shown[Symbol.dispose](),
  };
}
