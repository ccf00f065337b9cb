// What a person at a terminal sees first, and what it takes until then: counted in modules, as times say little of
// another machine.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runInTerminal, textOf } from '../../scripts/terminal.ts';
import { bin, environment, Rig } from '../rig/rig.ts';

/** Notes each module that is loaded, and the first write to standard error. */
const witness = `
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
const note = (line) => appendFileSync(process.env.WITNESS, line + '\\n');
registerHooks({ load: (url, context, next) => (note(url), next(url, context)) });
const { write } = process.stderr;
process.stderr.write = function (...args) {
  process.stderr.write = write;
  note('WRITES ' + JSON.stringify(args[0]));
  return write.apply(this, args);
};
`;

test('something is said before anything is loaded that takes time', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  const [hook, notes] = [rig.path('../witness.mjs'), rig.path('../notes')];
  writeFileSync(hook, witness);
  for (const command of ['build .', 'watch --config none.json', 'plan .', 'lint .']) {
    writeFileSync(notes, '');
    const env = {
      ...environment,
      MONOKIT_CACHE_DIR: rig.cacheDir,
      WITNESS: notes,
      NODE_OPTIONS: `--import ${pathToFileURL(hook).href}`,
    };
    const screen = await runInTerminal(`${bin} ${command}`, { cwd: rig.dir, env, columns: 80, height: 24 });
    const lines = readFileSync(notes, 'utf8').trimEnd().split('\n');
    const first = lines.findIndex((line) => line.startsWith('WRITES'));
    assert.match(lines[first]!, /reading…/);
    const before = lines.slice(0, first).filter((line) => line.startsWith('file:'));
    assert.deepEqual(
      before.map((url) => basename(url)).filter((name) => name !== 'witness.mjs'),
      ['main.ts', 'run.ts', 'mistake.ts', 'opening.ts'],
      command,
    );
    // And it is gone when there is more to say.
    assert.ok(!textOf(screen).some((line) => line.includes('reading…')), command);
  }
});
