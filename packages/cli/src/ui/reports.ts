// What stays of a run beside its log: a summary in Markdown and a list of problems, where the CI shows them.

import { spawnSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { codeQuality } from './code-quality.ts';
import { jobSummary } from './job-summary.ts';
import { emptyModel } from './model.ts';
import { problemsOf } from './problems.ts';
import { reduce } from './reduce.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';
import type { ReportFiles } from './report-files.ts';
import { Warnings } from './warnings.ts';

/** The renderer, which reports, too, when the run ends. */
export function reporting(inner: Renderer, files: ReportFiles, start: RunStart, { stderr, env }: Screen): Renderer {
  let model = emptyModel(start);
  const warnings = new Warnings();
  return {
    report(event) {
      model = reduce(model, event);
      if (event.kind === 'warning') warnings.add(event.diagnostic);
      inner.report(event);
    },
    finish(end) {
      inner.finish(end);
      const attach = (file: string) => {
        writeFileSync(file, jobSummary(model, start, end));
        stderr.write(`##vso[task.uploadsummary]${file}\n`);
      };
      const attempt = (what: string, write: () => void) => {
        try {
          write();
        } catch (error) {
          // The run is what it is, whoever could not be told.
          stderr.write(`warning: ${what} could not be written: ${(error as Error).message}\n`);
        }
      };
      if (files.summary !== undefined) {
        attempt('the summary', () =>
          appendFileSync(files.summary!, `${jobSummary(model, start, end, { graph: true })}\n`),
        );
      }
      if (files.codeQuality !== undefined) {
        const problems = problemsOf(model, start, { warnings: warnings.all(), env });
        attempt('the code quality report', () => writeFileSync(files.codeQuality!, codeQuality(problems)));
      }
      if (files.annotate) attempt('the annotation', () => annotate(jobSummary(model, start, end), end.code, env));
      if (files.attached !== undefined) attempt('the summary', () => attach(files.attached!));
    },
    [Symbol.dispose]: () => inner[Symbol.dispose](),
  };
}

function annotate(markdown: string, code: number, env: NodeJS.ProcessEnv): void {
  const style = code === 0 ? 'success' : 'error';
  const args = [
    'annotate',
    '--style',
    style,
    '--context',
    `monokit-${env['BUILDKITE_STEP_KEY'] ?? env['BUILDKITE_JOB_ID'] ?? ''}`,
  ];
  const { status, error } = spawnSync('buildkite-agent', args, {
    input: markdown,
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`buildkite-agent annotate ended with ${status}`);
}
