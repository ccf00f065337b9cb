import { join } from 'node:path';
import { uniqueName } from '@monokit/engine/std/temp';

export interface ReportFiles {
  /** Markdown goes to its end: several runs may share it. */
  readonly summary?: string | undefined;
  readonly codeQuality?: string | undefined;
  /** `buildkite-agent annotate` gets the Markdown. */
  readonly annotate: boolean;
  /** The Markdown is written here, and the log tells Azure's agent of it. */
  readonly attached?: string | undefined;
}

/** Where a run is to be reported, by flags and by the CI; undefined for nowhere. */
export function reportsOf(
  flags: { readonly summary?: string | undefined; readonly 'code-quality'?: string | undefined },
  env: NodeJS.ProcessEnv,
): ReportFiles | undefined {
  const summary = flags.summary ?? (env['GITHUB_ACTIONS'] === 'true' ? env['GITHUB_STEP_SUMMARY'] : undefined);
  const annotate = env['BUILDKITE'] === 'true' && env['BUILDKITE_AGENT_ACCESS_TOKEN'] !== undefined;
  const temp = env['TF_BUILD'] === 'True' ? env['AGENT_TEMPDIRECTORY'] : undefined;
  const attached = temp && join(temp, `monokit-${uniqueName()}.md`);
  const files = { summary: summary || undefined, codeQuality: flags['code-quality'], annotate, attached };
  return files.summary || files.codeQuality || annotate || attached ? files : undefined;
}
