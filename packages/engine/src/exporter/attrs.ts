import { Attrs as AnyAttrs } from '../std/attrs.ts';
import { Failed } from '../std/failed.ts';
import type { ExportFailure } from './failure.ts';

/** An exporter's attributes while they are being read. */
export class Attrs extends AnyAttrs {
  constructor(exporter: string, attrs: Readonly<Record<string, string>>) {
    super(`the ${exporter} exporter`, attrs, wrongOption);
  }
}

export function wrongOption(option: string, message: string): Failed<ExportFailure> {
  return new Failed<ExportFailure>({ kind: 'export-option', option, message });
}
