// What all stages of one conversion share: one Dockerfile, one target platform.

import type { EnvList } from '../../llb/env.ts';
import type { ProxyEnv } from '../../llb/exec.ts';
import type { SourceLocation, SourceMap } from '../../llb/source-map.ts';
import type { State } from '../../llb/state.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Range } from '../../std/diagnostic.ts';
import type { PatternMatcher } from '../../std/patterns.ts';
import type { GlobalArgs } from './args.ts';
import type { Checks } from './checks.ts';
import type { Options } from './options.ts';
import type { Suggestions } from './suggestions.ts';

export interface Conversion {
  readonly options: Options;
  readonly checks: Checks;
  readonly suggestions: Suggestions;
  /** `\` or a backtick, for words. */
  readonly escape: string;
  readonly sourceMap: SourceMap;
  /** The platform of the machine that builds. */
  readonly buildPlatform: Platform;
  readonly targetPlatform: Platform;
  /** No platform was asked for, so a base image may decide. */
  readonly implicitTarget: boolean;
  /** ARGs before the first FROM, and those that every build has. */
  readonly globalArgs: EnvList;
  /** Those that the Dockerfile declares. */
  readonly declaredGlobals: GlobalArgs;
  readonly proxy: ProxyEnv | undefined;
  /** SOURCE_DATE_EPOCH, Unix seconds. */
  readonly epoch: number | undefined;
  /** The main context. Which of its paths are used is known, and asked of this, only once all stages are converted. */
  readonly buildContext: State;
  /** What the context's ignore file keeps away; set once it was read, and undefined if there is none. */
  ignored: PatternMatcher | undefined;
}

/** The place of an instruction as vertices carry it: line by line, without columns, as BuildKit has it. */
export function locationOf(sourceMap: SourceMap, range: Range): SourceLocation {
  const lines = Array.from({ length: range.end.line - range.start.line + 1 }, (_, i) => range.start.line + i);
  return sourceMap.at(...lines.map((line) => ({ start: { line, character: 0 }, end: { line, character: 0 } })));
}
