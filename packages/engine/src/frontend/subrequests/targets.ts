import { columns } from './columns.ts';
import type { Location } from './location.ts';
import { answerMetadata, subrequest } from './subrequest.ts';

export const targetsRequest = subrequest('frontend.targets', {
  description: 'List all targets current build supports',
  opts: [],
});

/** The stages of a Dockerfile, in its order. */
export interface TargetList {
  readonly targets: readonly Target[] | null;
  /** Texts, in base64. */
  readonly sources: readonly string[] | null;
}

export interface Target {
  readonly name?: string;
  /** It is what is built if no target is named. */
  readonly default?: true;
  readonly description?: string;
  /** As written: variables are not filled in. */
  readonly base?: string;
  readonly platform?: string;
  readonly location?: Location;
}

export function targetsMetadata(list: TargetList): Readonly<Record<string, string>> {
  return answerMetadata(targetsRequest, { value: list, text: targetsText(list) });
}

/** The list for people. */
export function targetsText({ targets }: TargetList): string {
  const rows = (targets ?? []).map(({ name = '', default: isDefault, description = '' }) => {
    const shown = isDefault ? `${name} (default)`.trimStart() : name;
    return [shown, description];
  });
  return columns([['TARGET', 'DESCRIPTION'], ...rows], 1);
}
