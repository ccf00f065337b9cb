import type { HclProblem } from '../hcl/mistake.ts';
import { parseDotEnv } from './dotenv.ts';

/** Variables of .env files, the last one first; those that aren't there have none. */
export function variablesIn(
  files: readonly string[],
  {
    lookUp,
    readFile,
    report,
  }: {
    readonly lookUp: (name: string) => string | undefined;
    readonly readFile: (file: string) => string | undefined;
    readonly report: (problem: HclProblem) => void;
  },
): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (const file of files) {
    const text = readFile(file);
    if (text === undefined) continue;
    try {
      for (const [name, value] of parseDotEnv(text, lookUp)) all.set(name, value);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      report({ message: error.message, source: { file, text }, span: { start: 0, end: 1 } });
    }
  }
  return all;
}
