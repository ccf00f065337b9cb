// The chain of steps that a build can't be quicker than. Pure, and the same in Node and in a browser.

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
