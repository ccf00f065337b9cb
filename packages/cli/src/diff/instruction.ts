import { join } from 'node:path';
import type { RunRecord } from '../runs/record.ts';
import { isInternal } from '../ui/model.ts';

/** An instruction as people wrote it, of what an image's history has: `RUN |1 V=2 /bin/sh -c make # buildkit`. */
export function writtenAs(createdBy: string): string {
  const text = createdBy
    .replace(/\s*# buildkit$/, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const [, keyword, rest] = /^(RUN) (?:\|\d+ .*?)?(?:\/bin\/sh -c )(.*)$/.exec(text) ?? [];
  return keyword === undefined ? text : `${keyword} ${rest}`;
}

/** Tells where an instruction of an image is, as the run that built it knew: `Dockerfile:12`. */
export type Places = (instruction: string) => string | undefined;

export function placesIn({ steps }: Pick<RunRecord, 'steps'>, image: string): Places {
  const places = steps.flatMap((step) => {
    const { name, source, wantedBy } = step;
    if (!source || isInternal(step) || !wantedBy.includes(image)) return [];
    const file = source.folder === undefined ? source.file : join(source.folder, source.file);
    return [{ text: plain(name), place: `${file}:${source.lines[0]}` }];
  });
  return (instruction) => {
    const text = writtenAs(instruction);
    const means = places.find((each) => each.text === text) ?? places.find((each) => filledIn(text).test(each.text));
    return means?.place;
  };
}

/** Steps' names have the values of variables, histories their names. */
function filledIn(text: string): RegExp {
  const parts = text.split(/\$(?:\{[^}]*\}|\w+)/);
  return new RegExp(`^${parts.map((part) => RegExp.escape(part)).join('.*')}$`, 's');
}

/** A step's instruction without its place and flags, which histories don't tell. */
function plain(name: string): string {
  const text = name
    .replace(/^\[[^\]]*\] /, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return text.replace(/^([A-Z]+ )(?:--\S+ )+/, '$1');
}
