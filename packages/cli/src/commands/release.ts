import { appendFile } from 'node:fs/promises';
import type { RunEvent } from '@monokit/engine';
import { command } from '../command.ts';
import { progressMode } from '../flags/progress-mode.ts';
import { Mistake, timedOut } from '../mistake.ts';
import { releaseFlags } from '../release/flags.ts';
import { leavesFiles } from '../runs/leave.ts';
import { reportsOf } from '../ui/report-files.ts';

export const release = command({
  summary: 'Build, push and tag all images of the workspace as one release',
  usage: '[all | IMAGE | GROUP | GLOB]…',
  description: `
Builds the images of the config's \`release\` for all their platforms, with attestations,
and pushes them by digest. When all of them are there, and not before, the tags are set
that the rules in \`release.tags\` give to this commit (docker/metadata-action's syntax).
Images whose inputs are those of the last release are not built: their tags are set to
what the registry has. What was released is written to release.json.`,
  flags: releaseFlags,
  examples: [
    ['cli release', "what the config's release says"],
    ['cli release --dry', 'what would be built, carried forward and tagged'],
    ['cli release api web --platform linux/amd64,linux/arm64', 'two images, for two platforms'],
    ['cli release --all', 'build everything, even what has not changed'],
  ],
  failed: () => 'the release is not complete',
  async run(invocation) {
    const { flags, stderr, stdout, env } = invocation;
    await using scope = new AsyncDisposableStack();
    const { continueOf, withDeadline } = await import('../tasks/run-policy.ts');
    if (flags.dry !== undefined && leavesFiles(flags))
      throw new Mistake('--summarize and --profile tell of a release, and --dry makes none');
    const signal = withDeadline(invocation.signal, flags, scope);
    const { openRelease } = await import('../release/open.ts');
    const opened = await openRelease(invocation, scope);
    const { engine, client, facts, tags, images, settings } = opened;
    const { halfDone, headline, nothing, planLines, releaseMarkdown, shown, tagLines } =
      await import('../release/report.ts');
    const mode = progressMode(flags, env);
    const reports = reportsOf(flags, env);
    const print = (lines: readonly string[]) => void stderr.write(lines.map((line) => `${line}\n`).join(''));
    const tell = (lines: readonly string[]) => void (mode === 'quiet' || print(lines));

    tell(tags.warnings.map((warning) => `warning: release.tags: ${warning}`));
    if (flags.dry !== undefined) {
      const { dryRun } = await import('../release/dry.ts');
      stdout.write(await dryRun(opened, { json: flags.dry === 'json', signal }));
      return 0;
    }
    if (tags.version === undefined) {
      tell([nothing(facts)]);
      return 0;
    }
    tell([headline(tags.version, facts), ...planLines(images), '']);

    const chosen = await opened.toBuild();
    const { tasks, offers, folderOf } = chosen;
    const startedAt = Math.round(performance.timeOrigin);
    const { recordRun } = await import('../recorder/record-run.ts');
    await using recorder = recordRun({ ...invocation, signal }, chosen, {
      startedAt,
      keeps: tasks.length > 0 ? 'every' : 'worked',
    });
    const [{ openRenderer }, { aboutOf }] = await Promise.all([import('../ui/open.ts'), import('../tasks/about.ts')]);
    using renderer = await openRenderer(
      mode,
      {
        ids: tasks.map(({ request }) => request.id),
        startedAt,
        verbose: flags.verbose,
        root: chosen.runsRoot,
        about: aboutOf(chosen, invocation.cwd),
        folders: folderOf,
        facts: recorder.facts,
        retry: () => 'cli release',
      },
      { stdout, stderr, env },
      reports,
    );
    const { run } = await import('@monokit/engine');
    const report = (event: RunEvent) => {
      // Quiet is told of what was released, not of what was built.
      if (mode !== 'quiet' || event.kind !== 'task-completed') renderer.report(event);
      recorder.report(event);
    };
    const onKeys = recorder.onKeys.bind(recorder);
    const options = { signal, report, continue: continueOf(flags, settings), offers, onKeys };
    const results = tasks.length > 0 ? await run(engine, tasks, options) : [];
    const failed = results.filter(({ response }) => !response).map(({ id }) => id);
    const end = { code: failed.length > 0 ? 1 : 0, endedAt: Date.now(), ...timedOut(signal) };
    if (tasks.length > 0) renderer.finish(end);
    await recorder.finish(end);
    signal.throwIfAborted();
    if (failed.length > 0) {
      print(['error: not all images could be built and pushed, so no tag was moved']);
      return 1;
    }

    const { manifestOf, roundsOf } = await import('../release/finish.ts');
    const manifest = manifestOf(opened, new Map(results.map(({ id, response }) => [id, response!])));
    const rounds = await roundsOf(opened, manifest, signal);
    const { moveTags } = await import('../release/move-tags.ts');
    const outcomes = await moveTags(client, rounds, signal);
    tell(['', ...tagLines(outcomes)]);
    if (outcomes.some(({ kind }) => kind === 'failed')) {
      if (mode === 'quiet') print(tagLines(outcomes));
      print([`error: ${halfDone(outcomes)}`]);
      return 1;
    }
    const { writeManifest } = await import('../release/manifest.ts');
    await writeManifest(opened.manifestPath, manifest);
    if (reports?.summary !== undefined) await appendFile(reports.summary, releaseMarkdown(manifest));
    for (const { id, repositories, digest } of mode === 'json' ? [] : manifest.images) {
      for (const name of repositories) stdout.write(`${id}\t${shown(name)}:${manifest.version}@${digest}\n`);
    }
    return 0;
  },
});
