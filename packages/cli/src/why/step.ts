// What a step is, in words, and what depends on it.

import type { StepComponents } from './components.ts';

/** A name without its number, stage and digests. */
export function bare(name: string): string {
  return name.replace(/^\[(?!internal)[^\]]*\] /, '').replaceAll(/@sha256:[0-9a-f]{64}/g, '');
}

/** An instruction's text without what means nothing: comments, blanks, continued lines. */
export function normal(text: string): string {
  return text
    .split('\n')
    .filter((line, i) => i === 0 || !/^\s*(#.*)?$/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .replaceAll(/[ \t]+/g, ' ')
    .trim();
}

/** A client's folder: it counts by what steps read of it. */
export function isFolder({ kind, parts }: StepComponents): boolean {
  return kind === 'source' && (parts['source']?.startsWith('local://') ?? false);
}

/** Whether a step copies the context as it is. */
export function takesAll({ kind, parts }: StepComponents): boolean {
  return kind === 'file' && parts['copy /'] !== undefined && !/ (only|without) /.test(parts['copy /']);
}

/** Whether two sources are the same, as far as both were looked at. */
export function isSameSource(a: StepComponents, b: StepComponents): boolean {
  const sameParts = differing(a.parts, b.parts).length === 0;
  return sameParts && (a.own === b.own || a.pin === undefined || b.pin === undefined);
}

/** A step and all that depend on it, as indexes in order. */
export function dependingOn(step: number, steps: readonly StepComponents[]): readonly number[] {
  const found = new Set([step]);
  // Inputs come before what reads them.
  for (const [index, { inputs }] of steps.entries()) if (inputs.some((input) => found.has(input))) found.add(index);
  return [...found];
}

/** Where a step was written: `Dockerfile:3`; its bare name where nobody knows. */
export function placeOf({ file, lines, name }: StepComponents): string {
  return file === undefined || !lines ? bare(name) : `${file}:${lines[0]}`;
}

/** A text on one line, cut to 60 characters. */
export function clipped(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

/** An image as people write it: without Docker Hub's own parts. */
export function familiar(image: string): string {
  return image.replace(/^docker\.io\/(library\/)?/, '');
}

/** The first digits of what a source was settled to. */
export function brief(pin: string): string {
  return pin.replace(/^sha256:/, '').slice(0, 12);
}

/** The keys whose values are not the same, or that only one side has. */
export function differing(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);
}
