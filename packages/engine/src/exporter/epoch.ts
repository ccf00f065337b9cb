import type { Attrs } from './attrs.ts';
import { wrongOption } from './attrs.ts';

/** When an image was made: a fixed time, so that equal content gives equal images, or the clock where asked. */
export type CreatedTime =
  | { readonly kind: 'epoch'; readonly seconds: number }
  | { readonly kind: 'unset' }
  | { readonly kind: 'now' };

/** `source-date-epoch` (Unix seconds; empty takes back what the build says) and our own `created=now`. */
export function readCreated(attrs: Attrs): CreatedTime | undefined {
  const created = attrs.oneOf('created', ['now']);
  const text = attrs.text('source-date-epoch');
  if (created && text) throw wrongOption('created', 'created=now conflicts with source-date-epoch');
  if (created) return { kind: 'now' };
  if (text === undefined) return undefined;
  if (text === '') return { kind: 'unset' };
  const seconds = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(seconds)) {
    throw wrongOption(
      'source-date-epoch',
      `invalid source-date-epoch: ${JSON.stringify(text)} is not a number of seconds`,
    );
  }
  return { kind: 'epoch', seconds };
}

/** The epoch in force: the exporter's attribute goes before what the build found. */
export function epochOf(attr: CreatedTime | undefined, found: number | undefined): number | undefined {
  if (attr?.kind === 'epoch') return attr.seconds;
  return attr === undefined ? found : undefined;
}

/** The time of what is made now, Unix seconds. */
export function timeOf(attr: CreatedTime | undefined, found: number | undefined): number {
  if (attr?.kind === 'now') return Math.floor(Date.now() / 1000);
  return epochOf(attr, found) ?? 0;
}

/** RFC 3339 without fractions. */
export function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
