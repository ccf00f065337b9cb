import { rename, writeFile } from 'node:fs/promises';
import type { SolveResponse } from '@monokit/engine';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import { parseGoBool } from '@monokit/engine/std/go-bool';
import { goJson } from '@monokit/engine/std/go-json';
import { uniqueName } from '@monokit/engine/std/temp';

/** How much of an image's provenance the metadata file tells; undefined without a file, or where nobody wants it. */
export function answerProvenanceOf(file: string | undefined, env: NodeJS.ProcessEnv): 'min' | 'max' | undefined {
  const mode = env['BUILDX_METADATA_PROVENANCE'] ?? '';
  if (file === undefined || mode === 'disabled' || parseGoBool(mode) === false) return undefined;
  return mode === 'max' ? 'max' : 'min';
}

/** What buildx writes after a build: one image's answers, or those of several under their ids. */
export async function writeMetadataFile(
  path: string,
  responses: readonly SolveResponse[],
  { warnings, env }: { readonly warnings: readonly Diagnostic[]; readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  const [first, ...others] = responses;
  const answers: Record<string, unknown> =
    first && others.length === 0
      ? answersOf(first)
      : Object.fromEntries(responses.map((response) => [response.id, answersOf(response)]));
  if (warnings.length > 0 && parseGoBool(env['BUILDX_METADATA_WARNINGS'] ?? '')) {
    answers['buildx.build.warnings'] = warnings.map(warningOf);
  }
  const sorted = Object.fromEntries(Object.entries(answers).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeJson(path, sorted);
}

/** A file of JSON as Go writes it, whole or not there at all. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${uniqueName()}`;
  await writeFile(temporary, goJson(value, { indent: true }));
  await rename(temporary, path);
}

/** Answers that are JSON in base64 are told as what they are. */
function answersOf({ exported, provenance }: SolveResponse): Record<string, unknown> {
  const told = Object.entries(provenance ?? {});
  const answers = [
    ...Object.entries(exported).map(([name, value]) => [name, decoded(value)] as const),
    ...told.map(([platform, predicate]) => {
      const name = 'buildx.build.provenance';
      return [told.length > 1 ? `${name}/${platform}` : name, predicate] as const;
    }),
  ];
  return Object.fromEntries(answers.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function decoded(value: string): unknown {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value) || value.length % 4 !== 0) return value;
  try {
    const found: unknown = JSON.parse(Buffer.from(value, 'base64').toString());
    const list = Array.isArray(found) ? (found as unknown[]) : [found];
    const told = list.every((each) => typeof each === 'object' && each !== null && Object.keys(each).length > 0);
    return told && list.length > 0 ? found : value;
  } catch {
    return value; // base64 by chance, or of something else
  }
}

/** As BuildKit's client has warnings: texts are bytes, in base64. */
function warningOf({ message, hint, url, file, range }: Diagnostic): unknown {
  const bytes = (text: string) => Buffer.from(text).toString('base64');
  return {
    level: 1,
    short: bytes(message),
    ...(hint !== undefined && { detail: [bytes(hint)] }),
    ...(url !== undefined && { url }),
    sourceInfo: { filename: file },
    ...(range && {
      range: [{ start: { line: range.start.line }, end: { line: range.end.line } }],
    }),
  };
}
