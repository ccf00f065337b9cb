import { styleText } from 'node:util';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import { harmless } from './tame.ts';

/** Warnings of a run, each told once however many images and platforms it comes up in. */
export class Warnings {
  readonly #found = new Map<string, Diagnostic>();

  add(diagnostic: Diagnostic): void {
    const { code, file, range, message } = diagnostic;
    this.#found.set(`${file}:${range?.start.line}:${code}:${message}`, diagnostic);
  }

  all(): readonly Diagnostic[] {
    return [...this.#found.values()];
  }

  lines(stream: NodeJS.WriteStream): string[] {
    return [...this.#found.values()].map(({ code, file, range, message, hint }) => {
      const at = range ? `${file}:${range.start.line}` : file;
      // A frontend may warn of no file.
      const place = at === '' ? '' : ` (${at})`;
      const text = harmless(`${code}: ${message}${place}${hint ? `: ${hint}` : ''}`);
      return `${styleText('yellow', 'warning', { stream })} ${text}`;
    });
  }
}
