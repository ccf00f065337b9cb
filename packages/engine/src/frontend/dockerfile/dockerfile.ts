/*
 * The Dockerfile frontend: text and options in, one definition and image config for each platform out.
 *
 *     dockerfile.solve(options, bridge, work): Promise<FrontendResult>        the Frontend of `frontend.ts`
 *     convert(options, bridge, work, settings?): Promise<FrontendResult>      the same, with the machine's part said
 *
 * Options are BuildKit's (`filename`, `target`, `platform`, `build-arg:X`, `context:X`, …; see options.ts). The ops are
 * those that BuildKit makes of the same Dockerfile, digest for digest. What is wrong in a Dockerfile is thrown as
 * `Failed<DockerfileFailure>`, all of it at once where it can be; what the rules find is reported as warnings.
 * All that is asked of the world goes through the `Bridge`. This room does not know how anything is run.
 */
import { sourceMap } from '../../llb/source-map.ts';
import type { Platform } from '../../oci/platform.ts';
import { parseReference } from '../../oci/reference.ts';
import type { Work } from '../../progress/work.ts';
import { Failed } from '../../std/failed.ts';
import type { Bridge, Frontend, FrontendResult } from '../frontend.ts';
import { Checks, readCheckOptions } from './checks.ts';
import { defaultUniqueId, MainContext, type Surroundings } from './context.ts';
import { convertFor, type Source } from './convert.ts';
import { detectCheck, detectSyntax } from './directives.ts';
import { invalid, isMistake, mistake, type DockerfileFailure, type SourceText } from './failure.ts';
import { readOptions, refused, type Options } from './options.ts';
import { lineRange, parse } from './parse.ts';
import { checkText, readProgram } from './read.ts';

export const dockerfile: Frontend = {
  solve: (options, bridge, work) => convert(options, bridge, work),
};

/** What the machine that builds says. */
export interface ConvertSettings {
  /** Its platform; this machine's if left out. */
  readonly buildPlatform?: Platform;
  /** Identifies the client's folders in definitions (`local.unique`). */
  readonly uniqueId?: string;
}

/** Turns a request into definitions. Throws `Failed<DockerfileFailure>`, or what the bridge throws. */
export async function convert(
  options: Readonly<Record<string, string>>,
  bridge: Bridge,
  work: Work,
  settings: ConvertSettings = {},
): Promise<FrontendResult> {
  const read = readOptions(options);
  if (read.request !== undefined) {
    throw unsupported(`the frontend request ${read.request} is not answered by a build`);
  }
  const surroundings: Surroundings = {
    options: read,
    bridge,
    signal: work.signal,
    warn: (diagnostic) => work.report({ kind: 'warning', at: Date.now(), diagnostic }),
    uniqueId: settings.uniqueId ?? defaultUniqueId,
    ...(settings.buildPlatform && { buildPlatform: settings.buildPlatform }),
  };
  return withSource(surroundings, async (source) => {
    const platforms = read.platforms.length > 0 ? read.platforms : [undefined];
    const images = await Promise.all(
      platforms.map((platform, index) =>
        convertFor(index === 0 ? source : { ...source, checks: Checks.none }, { platform }, surroundings),
      ),
    );
    work.signal.throwIfAborted();
    return { images, multiPlatform: read.multiPlatform, metadata: {} };
  });
}

/** Reads the Dockerfile and does something with it; mistakes in it then get file, line and column. */
export async function withSource<T>(surroundings: Surroundings, work: (source: Source) => Promise<T>): Promise<T> {
  const { options } = surroundings;
  let told: SourceText = { file: options.filename, lines: [] };
  try {
    const context = await MainContext.open(surroundings);
    const text = await context.readDockerfile();
    const body = Buffer.from(text.bytes).toString();
    const parsed = parse(body);
    told = { file: text.name, lines: parsed.lines };
    refuseBinary(text.bytes, parsed.lines);
    refuseOtherSyntax(body, options, parsed.lines);
    if (text.bytes.length === 0) throw mistake('the Dockerfile cannot be empty');
    const program = readProgram(parsed);
    const checks = new Checks(readCheckOptions(options.check ?? detectCheck(body) ?? ''), text.name, surroundings.warn);
    checkText(parsed, program, checks);
    if (program.mistakes.length > 0) throw invalid(program.mistakes, told);
    const map = sourceMap({ filename: text.name, data: text.bytes, language: 'Dockerfile', state: text.source });
    const { escape } = parsed;
    return await work({ program, dockerfile: text, sourceMap: map, context, escape, checks });
  } catch (error) {
    throw isMistake(error) ? invalid([error], told) : error;
  }
}

/** A Dockerfile with NULs in it is some other file. */
function refuseBinary(bytes: Uint8Array, lines: readonly string[]): void {
  if (!bytes.includes(0)) return;
  const line =
    Math.max(
      0,
      lines.findIndex((each) => each.includes('\0')),
    ) + 1;
  const range = { start: { line, column: 1 }, end: { line, column: 1 } };
  throw mistake('this is not a text file: it has NUL bytes', { range });
}

/** The language that is built in, whatever its version. Images of other frontends would have to be run. */
function refuseOtherSyntax(text: string, { syntax, cmdline }: Options, lines: readonly string[]): void {
  if (cmdline !== undefined) return;
  if (syntax !== undefined) {
    const image = syntax.trim().split(' ')[0]!;
    if (isBuiltIn(image)) return;
    throw refused('build-arg:BUILDKIT_SYNTAX', otherSyntax(image));
  }
  const found = detectSyntax(text);
  if (!found || isBuiltIn(found.image)) return;
  throw mistake(otherSyntax(found.image), { token: found.image, range: lineRange(found.line, found.line, lines) });
}

function isBuiltIn(image: string): boolean {
  try {
    const { domain, path } = parseReference(image);
    return domain === 'docker.io' && (path === 'docker/dockerfile' || path === 'docker/dockerfile-upstream');
  } catch {
    return false;
  }
}

function otherSyntax(image: string): string {
  return `syntax ${image} is not supported: only docker/dockerfile is, which is built in and not run as an image`;
}

function unsupported(message: string): Failed<DockerfileFailure> {
  return new Failed<DockerfileFailure>({ kind: 'dockerfile-unsupported', message });
}
