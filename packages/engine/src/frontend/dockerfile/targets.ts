import { linesLocation } from '../subrequests/location.ts';
import type { Target, TargetList } from '../subrequests/targets.ts';
import type { Program } from './read.ts';

/** The stages as written: nothing is expanded or looked up. `data` is the Dockerfile's text. */
export function targetsOf({ stages }: Program, { data }: { readonly data: Uint8Array }): TargetList {
  return {
    targets: stages.map(({ from }, i): Target => {
      const { name, description, base, platform, node } = from;
      return {
        ...(name !== '' && { name }),
        ...(i === stages.length - 1 && { default: true }),
        ...(description !== '' && { description }),
        base,
        ...(platform && { platform }),
        location: linesLocation(node.range.start.line, node.range.end.line),
      };
    }),
    sources: [Buffer.from(data).toString('base64')],
  };
}
