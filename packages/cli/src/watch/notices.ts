// What people should know of what they watch before anything happens to it.

import type { WatchSpec } from '@monokit/config';
import { Mistake } from '../mistake.ts';
import type { Chosen } from '../tasks/tasks.ts';
import { shortest } from '../ui/diagnostics.ts';
import { circleIn } from './milestones.ts';
import { contested, lacks, type Reach } from './ports.ts';

/** Lines for people. Throws a `Mistake` for what is wrong in a compose file and is no matter of a build. */
export function notices(
  { watched, meant }: Pick<Chosen, 'watched' | 'meant'>,
  { up, bridged, cwd }: { readonly up: boolean; readonly bridged: boolean; readonly cwd: string },
): readonly string[] {
  const mine = [...watched].filter(([id]) => meant.has(id));
  for (const [id, { service }] of mine) {
    if (!service?.wrong) continue;
    const { message, place } = service.wrong;
    const { line, column } = place.range.start;
    throw new Mistake(`${shortest(place.file, cwd)}:${line}:${column}: ${id}: ${message}`);
  }
  if (!up) {
    const idle = mine.filter(([, { spec }]) => spec?.actions.some(({ action }) => action !== 'rebuild'));
    if (idle.length === 0) return [];
    const names = idle.map(([id]) => id).join(', ');
    return [`${names}: actions that put files into containers need --up; without it a change builds the image`];
  }
  const network = bridged
    ? 'containers have a network of their own behind a bridge'
    : 'containers have the network of this machine: what listens on a port in one is reached on that port here';
  const reachOf = (spec: WatchSpec | undefined): Reach => {
    if (spec?.network === 'none') return 'nowhere';
    return bridged && spec?.network !== 'host' ? 'own' : 'machine';
  };
  const lacking = mine.flatMap(([id, { spec, service }]) => {
    const ports = (spec?.ports ?? []).filter((port) => lacks(port, reachOf(spec)));
    const all = [...(service?.notObeyed ?? []), ...ports.map(({ text }) => `port ${text}`)];
    return all.length > 0 ? [`${id}: its container here does without ${all.join(', ')}`] : [];
  });
  const running = new Set(mine.flatMap(([id, { spec }]) => (spec?.up === false ? [] : [id])));
  const waits = mine.map(([id, { spec }]) => [id, (spec?.dependsOn ?? []).map((each) => each.id)] as const);
  const circle = circleIn(new Map(waits));
  if (circle)
    throw new Mistake(`containers wait for each other: ${circle.join(' → ')}`, 'leave out one of them in dependsOn');
  const alone = waits.flatMap(([id, wanted]) => {
    const missing = wanted.filter((each) => !meant.has(each) || (watched.has(each) && !running.has(each)));
    return missing.length > 0 ? [`${id}: does not wait for ${missing.join(', ')}, which nothing here runs`] : [];
  });
  const specs = mine.flatMap(([id, { spec }]) =>
    spec?.up && reachOf(spec) === 'machine' ? [[id, spec] as const] : [],
  );
  const fights = [...contested(new Map(specs))].map(
    ([port, images]) =>
      `${images.join(' and ')} listen on port ${port} of this machine: only one of them can, unless --network-mode bridge gives each a network of its own`,
  );
  return [network, ...lacking, ...alone, ...fights];
}
