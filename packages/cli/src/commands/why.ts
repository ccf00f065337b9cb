import { command } from '../command.ts';
import { imageFlags } from '../flags/build.ts';
import { refuseFlags } from '../flags/refuse.ts';
import { workspaceFlags } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';

export const why = command({
  summary: 'Tell why an image was built again, or will be',
  usage: '[all | IMAGE | IMAGE#STAGE | IMAGE:LINE] [RUN_A RUN_B]',
  description: `
Compares the last run that built an image with the run before, and names what is not
as it was: the file, argument, variable, base image, platform or instruction, the
first step that differs by it, and how many later steps ran only because of that.
Steps that ran though nothing differs are told with the reason.

Without an image, all that the last run built. A stage or a line of the Dockerfile
asks about its steps. --next asks about the build that would come now, with the flags
of cli build; nothing is run for it.`,
  flags: {
    ...imageFlags,
    ...workspaceFlags,
    vs: {
      kind: 'value',
      placeholder: 'RUN|FILE|REF',
      help: 'Compare with this run, the record of one of another machine, or the last one at that commit',
      env: false,
    },
    next: { kind: 'switch', help: 'Explain what the next build would do', env: false },
    json: { kind: 'switch', help: 'Print it as JSON, in the shape that docs/why.md describes', env: false },
  },
  examples: [
    ['cli why api', 'why it was built the last time'],
    ['cli why api:12', 'why the step of line 12 ran'],
    ['cli why api --vs main', 'what differs from the last run at main'],
    ['cli why api 01jd4a 01jd7x', 'between two runs'],
    ['cli why api --vs ci/run.json', 'what differs from the run of a CI, by what its --summarize left'],
    ['cli why api --next --build-arg V=2', 'what the next build would do, and why'],
  ],
  async run(invocation) {
    const { flags, positionals, stdout } = invocation;
    const [word, ...runs] = positionals;
    if (runs.length > 2 || runs.length === 1)
      throw new Mistake('two runs can be compared', 'cli why IMAGE RUN_A RUN_B');
    if (flags.vs !== undefined && runs.length > 0) throw new Mistake('--vs and two runs are two questions', 'ask one');
    if (flags.next && (flags.vs !== undefined || runs.length > 0)) {
      throw new Mistake('--next compares the last run with the build that would come', 'leave the runs out');
    }
    if (!flags.next) {
      const { file: _file, ...ofImages } = imageFlags;
      const { config: _config, 'cache-dir': _cacheDir, ...ofSelection } = workspaceFlags;
      refuseFlags(
        invocation,
        { ...ofImages, ...ofSelection },
        {
          why: 'says how to build, and runs that were are what they were',
          hint: 'with --next it is about the next build',
        },
      );
    }
    const [{ RunsHere }, { explanations }] = await Promise.all([
      import('../runs/runs-here.ts'),
      import('../why/explanations.ts'),
    ]);
    const here = await RunsHere.open(invocation);
    const found = await explanations(invocation, { word, runs, vs: flags.vs, next: flags.next }, here);
    if (flags.json) stdout.write(`${JSON.stringify({ version: 1, images: found }, null, 2)}\n`);
    else {
      const { explanationText } = await import('../why/text.ts');
      stdout.write(found.map((each) => explanationText(each, stdout)).join('\n'));
    }
    return 0;
  },
});
