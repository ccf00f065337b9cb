/** Which image is asked about, and which part of it. */
export interface Question {
  readonly image: string;
  readonly stage?: string | undefined;
  /** Of its Dockerfile. */
  readonly line?: number | undefined;
}

/** `api`, `api#build`, `api:12`; what is the whole id of an image that was built is that image. */
export function questionOf(word: string, isImage: (id: string) => boolean): Question {
  if (isImage(word)) return { image: word };
  const [, named, line] = /^(.+):(\d+)$/.exec(word) ?? [];
  if (named !== undefined) return { image: named, line: Number(line) };
  const [, staged, stage] = /^(.+)#([^#]+)$/.exec(word) ?? [];
  if (staged !== undefined) return { image: staged, stage };
  return { image: word };
}
