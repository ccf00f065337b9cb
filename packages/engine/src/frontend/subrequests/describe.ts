import { columns } from './columns.ts';
import { outlineRequest } from './outline.ts';
import { answerMetadata, subrequest, type Subrequest } from './subrequest.ts';
import { targetsRequest } from './targets.ts';

export const describeRequest = subrequest('frontend.subrequests.describe', {
  description: 'List available subrequest types',
});

/** What BuildKit's own frontend tells of; it answers `frontend.lint` too, and so does this one. */
const told: readonly Subrequest[] = [outlineRequest, targetsRequest, describeRequest];

export function describeMetadata(): Readonly<Record<string, string>> {
  return answerMetadata(describeRequest, { value: told, text: describeText(told) });
}

/** The list for people. */
export function describeText(requests: readonly Subrequest[]): string {
  const rows = requests.map(({ name, version, description }) => [
    name.replace(/^frontend\./, ''),
    version,
    description,
  ]);
  return columns([['NAME', 'VERSION', 'DESCRIPTION'], ...rows], 1);
}
