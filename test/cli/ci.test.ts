// Builds as a CI runs them: what its log, its annotations and its summary get.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Rig } from '../rig/rig.ts';

const dockerfile = `FROM busybox
RUN printf '::set-output name=a::b\\n##[error]no\\n::endgroup::\\n'
RUN echo '::error::not mine' && exit 3
`;

test('on GitHub a failing build has groups, an annotation, a summary, and no command of a step', async () => {
  await using rig = await Rig.open({ Dockerfile: dockerfile });
  const summary = rig.path('../summary.md');
  const env = { CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: rig.dir, GITHUB_STEP_SUMMARY: summary };
  const { code, stderr } = await rig.cli(['build', ...rig.busybox, '.'], { env });
  assert.equal(code, 1);
  const lines = stderr.split('\n');
  const stopped = lines.findIndex((line) => line.startsWith('::stop-commands::'));
  const word = lines[stopped]!.slice('::stop-commands::'.length);
  assert.match(word, /^[0-9a-f-]{36}$/);
  const commands: string[] = [];
  let open = true;
  for (const line of lines) {
    if (line === `::${word}::`) open = true;
    else if (open && line === `::stop-commands::${word}`) open = false;
    else if (open && /^\s*::|##\[/.test(line)) commands.push(line);
  }
  assert.deepEqual(
    commands.map((line) => line.replace(/\d+(\.\d+)?(ms|s)$/, 'T')),
    [
      // The remark of a tool on a file is let through.
      '::error::not mine',
      '::group::⊘ project: what it did until then',
      '::endgroup::',
      `::error file=Dockerfile,line=3,endLine=3,title=${commands.at(-1)!.split('title=')[1]}`,
    ],
  );
  assert.match(commands.at(-1)!, /exit code%?:? ?3/);
  assert.match(readFileSync(summary, 'utf8'), /^### ✖ .* failed$[^]*::error::not mine/m);
});

test('on GitLab and Buildkite the log is theirs', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN echo hello\n' });
  const gitlab = await rig.ok(['build', ...rig.busybox, '.'], { env: { CI: 'true', GITLAB_CI: 'true' } });
  assert.match(gitlab.stderr, /section_start:\d+:monokit_1\[collapsed=true\][^]*hello\n[^]*section_end:\d+:monokit_1/);
  const again = ['build', '--no-cache', ...rig.busybox, '.'];
  const buildkite = await rig.ok(again, { env: { CI: 'true', BUILDKITE: 'true' } });
  assert.match(buildkite.stderr, /^--- ✔ project .*\n▸ .*RUN echo hello {2}.*\nhello\n/m);
});
