// The chain of steps that a build can't be quicker than. Pure, and the same in Node and in a browser.

/** Less is no matter of a step that no Dockerfile has, in ms. */
export const noticedOfOthers = 1000;

/** Whether a Dockerfile has the step: none has what a build does on its own account, such as reading the context. */
export function isWritten({ name, images }: { readonly name: string; readonly images: readonly string[] }): boolean {
  return !name.startsWith('[internal]') && images.length > 0;
}

/** The critical path as it is told everywhere: what took any time of it, and what no Dockerfile has where it took long. */
export function toldPath<
  S extends {
    readonly digest: string;
    readonly name: string;
    readonly inputs: readonly string[];
    readonly images: readonly string[];
  },
>(steps: readonly S[], tookOf: (step: S) => number): readonly S[] {
  return criticalPath(steps, tookOf).filter((step) => tookOf(step) > (isWritten(step) ? 0 : noticedOfOthers));
}

/** The heaviest path through a graph whose inputs come before what reads them; `weight` is not negative. */
export function criticalPath<S extends { readonly digest: string; readonly inputs: readonly string[] }>(
  steps: readonly S[],
  weight: (step: S) => number,
): readonly S[] {
  const reached = new Map<string, { readonly step: S; readonly total: number; readonly before: string | undefined }>();
  let last: string | undefined;
  for (const step of steps) {
    let before: string | undefined;
    for (const input of step.inputs) {
      if (reached.has(input) && (before === undefined || reached.get(input)!.total > reached.get(before)!.total)) {
        before = input;
      }
    }
    const total = weight(step) + (before === undefined ? 0 : reached.get(before)!.total);
    reached.set(step.digest, { step, total, before });
    if (last === undefined || total > reached.get(last)!.total) last = step.digest;
  }
  const path: S[] = [];
  for (let at = last; at !== undefined; at = reached.get(at)!.before) path.push(reached.get(at)!.step);
  return path.reverse();
}
