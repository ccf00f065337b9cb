// A release in words, before and after.

import { familiar, parseReference } from '@monokit/engine/oci/reference';
import { count, shortDigest, shownLine } from '../ui/format.ts';
import type { Facts } from './facts.ts';
import type { ReleaseManifest } from './manifest.ts';
import type { TagOutcome } from './move-tags.ts';
import type { PlannedImage } from './plan.ts';

/** `release 1.2.3 of 860c190 (tag v1.2.3)`. */
export function headline(version: string, facts: Facts): string {
  return `release ${version} of ${commitOf(facts)}`;
}

export function nothing(facts: Facts): string {
  return `nothing to release: no rule of release.tags gives a tag to ${commitOf(facts)}`;
}

function commitOf({ event, commit }: Facts): string {
  const where =
    event.kind === 'tag'
      ? `tag ${event.tag}`
      : event.kind === 'pull-request'
        ? `pull request ${event.number}`
        : `${event.kind === 'schedule' ? 'on schedule, ' : ''}branch ${event.branch}`;
  return `${commit.slice(0, 7)} (${where})`;
}

/** A line for each image: what happens to it, and why. */
export function planLines(images: readonly PlannedImage[]): string[] {
  const width = Math.max(...images.map(({ id }) => id.length));
  return images.map(({ id, decision }) => {
    const what =
      decision.kind === 'build'
        ? `build          ${calm(decision.why)}`
        : `carry forward  ${shortDigest(decision.digest)}, unchanged since ${decision.from}`;
    return `  ${id.padEnd(width)}  ${what}`;
  });
}

/** A line for each tag: what became of it. */
export function tagLines(outcomes: readonly TagOutcome[]): string[] {
  return outcomes.map((outcome) => {
    const { repository, tag, to } = outcome;
    const name = `${shown(repository)}:${tag}`;
    switch (outcome.kind) {
      case 'moved':
        return `  ${name}  ${outcome.from ? `${shortDigest(outcome.from)} → ` : ''}${shortDigest(to)}`;
      case 'kept':
        return `  ${name}  ${shortDigest(to)} already`;
      case 'left':
        return `  ${name}  not moved`;
      case 'failed':
        return `  ${name}  FAILED: ${calm((outcome.error as Error).message)}`;
    }
  });
}

/** Somebody else's words on one line, which no CI takes for a command. */
function calm(text: string): string {
  return shownLine(text.replaceAll('\n', ' ')).replaceAll('##[', '## [');
}

/** What there is to say when not all tags could be moved. */
export function halfDone(outcomes: readonly TagOutcome[]): string {
  const of = (...kinds: readonly TagOutcome['kind'][]) => outcomes.filter(({ kind }) => kinds.includes(kind)).length;
  return (
    `${count(of('moved', 'kept'), 'tag')} of ${outcomes.length} could be set, ${of('failed')} failed and ${of('left')} ` +
    'were not tried; all images are pushed: run the same release again to set the rest'
  );
}

/** For the summary of a CI: what was released, and under which tags. */
export function releaseMarkdown({ version, commit, tags, images }: ReleaseManifest): string {
  const rows = images.map(
    ({ id, repositories, digest, carriedFrom }) =>
      `| ${id} | ${repositories.map(shown).join('<br>')} | \`${digest}\` | ${carriedFrom === undefined ? 'built' : `as in ${carriedFrom}`} |`,
  );
  return [
    `### ✔ released ${version} of ${commit.slice(0, 7)}`,
    '',
    `Tags: ${tags.map((tag) => `\`${tag}\``).join(', ')}`,
    '',
    '| image | repository | digest | |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    '',
  ].join('\n');
}

export function shown(repository: string): string {
  return familiar(parseReference(repository));
}
