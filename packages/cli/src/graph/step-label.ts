// Steps as the path that people know them by: `web#build` for a stage of an image. Pure, and the same in Node and in a browser.

/** `web#build` for `[build 5/8] RUN make` of the image `web`; `web` where the stage has no name of its own. */
export function labelOf(name: string, image: string): string {
  const [, stage] = /^\[(?:[^\s\]]+\/[^\s\]]+ )?(?:([^\s\]]+) )?\d+\/\d+\]/.exec(name) ?? [];
  return stage === undefined || /^stage-\d+$/.test(stage) ? image : `${image}#${stage}`;
}

/** The labels along a path, each once in a row: `base → web#build → web`. */
export function labelsOf(path: readonly { readonly name: string; readonly image: string }[]): readonly string[] {
  return path.map(({ name, image }) => labelOf(name, image)).filter((label, i, labels) => label !== labels[i - 1]);
}
