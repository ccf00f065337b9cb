// Writes the JSON Schema of configurations in JSON and YAML, packages/config/schema.json: shapes from what the loader
// checks, words from the comments of the types.
//   node --conditions=source scripts/config-schema.ts

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configForm } from '../packages/config/src/schema.ts';

const root = join(import.meta.dirname, '..');
export const schemaFile = join(root, 'packages/config/schema.json');

type Json = Readonly<Record<string, unknown>>;

/** The text of schema.json. */
export function schemaText(): string {
  const comments = commentsOf(readFileSync(join(root, 'packages/config/src/config.ts'), 'utf8'));
  const defs = new Map<string, Json>();
  const told = described(configForm(), { comments, defs, top: true }) as Json;
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...told,
    title: 'buildkit.config',
    description: 'The images of a workspace, for monokit',
    properties: {
      ...(told['properties'] as Json),
      // Resolved where the file is read, before its shape is looked at.
      $import: {
        description: 'Files that this one is merged over, relative to it.',
        anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
      },
    },
    definitions: Object.fromEntries([...defs].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

interface Describing {
  /** By interface, then by key. */
  readonly comments: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly defs: Map<string, Json>;
  readonly top?: boolean;
}

/** A form with the descriptions of its keys; objects that have a name stand in the definitions, once. */
function described(form: unknown, { comments, defs, top = false }: Describing): unknown {
  const inner = (each: unknown) => described(each, { comments, defs });
  if (Array.isArray(form)) return form.map(inner);
  if (typeof form !== 'object' || form === null) return form;
  const { title, properties, ...rest } = form as Json;
  const words = comments.get(String(title));
  if (title !== undefined && !words) throw new Error(`config.ts has no interface ${String(title)}`);
  const told: Json = {
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, inner(value)])),
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties as Json).map(([key, value]) => {
          const description = words?.get(key);
          return [key, { ...(description !== undefined && { description }), ...(inner(value) as Json) }];
        }),
      ),
    }),
  };
  if (title === undefined || top) return told;
  defs.set(String(title), told);
  return { allOf: [{ $ref: `#/definitions/${String(title)}` }] };
}

/** The comments of interfaces' members, each on one line. */
function commentsOf(source: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const interfaces = source.matchAll(/^export interface (\w+) \{\n([\s\S]*?)^\}/gm);
  return new Map(
    [...interfaces].map(([, name, body]) => {
      const members = body!.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?readonly (\$?\w+)\??:/g);
      const words = [...members].flatMap(([, comment, key]) => {
        const text = comment?.replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim();
        return text ? [[key!, text] as const] : [];
      });
      return [name!, new Map(words)];
    }),
  );
}

if (import.meta.main) writeFileSync(schemaFile, schemaText());
