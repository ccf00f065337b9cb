import type { StepModel } from './model.ts';

/** `api +2 RUN make`: the title of a step behind the image that wants it, and how many others do. */
export function withOwner(title: string, { wantedBy: [first, ...others] }: Pick<StepModel, 'wantedBy'>): string {
  if (first === undefined) return title;
  return `${first}${others.length > 0 ? ` +${others.length}` : ''} ${title}`;
}
