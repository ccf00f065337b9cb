// Inputs that `npm run fuzz` found, and a few that it would: none crashes, hangs or takes long.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { subjects, type SubjectName } from '../../bench/fuzz/subjects.ts';

const folder = join(import.meta.dirname, 'regressions');
for (const file of readdirSync(folder)) {
  const subject = file.split('-', 1)[0] as SubjectName;
  test(`${subject} stands ${file}`, { timeout: 20_000 }, async () => {
    await subjects[subject].run(readFileSync(join(folder, file)));
  });
}

for (const [name, { seeds, run }] of Object.entries(subjects)) {
  test(`${name} stands what fuzzing begins with`, async () => {
    for (const seed of seeds()) await run(seed);
  });
}
