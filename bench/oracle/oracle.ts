/*
 * Holds what is foretold against what is true, over generated workspaces and changes.
 *
 *     npm run oracle -- filter affected plan [--seconds 60] [--rounds N] [--seed 1]
 *
 * Ends with 1 if something was wrong, and names the seeds that show it.
 */

import { parseArgs } from 'node:util';
import type { Trial } from './trial.ts';

const trials: Readonly<Record<string, () => Promise<{ readonly trial: Trial }>>> = {
  filter: () => import('./filter.ts'),
  affected: () => import('./affected.ts'),
  plan: () => import('./plan.ts'),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    rounds: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    record: { type: 'string' },
  },
});
const wrong = positionals.filter((name) => !Object.hasOwn(trials, name));
if (wrong.length > 0 || positionals.length === 0) {
  for (const [name, load] of Object.entries(trials)) console.error(`${name}  ${(await load()).trial.help}`);
  process.exit(2);
}
for (const name of positionals) {
  const seed = Number(values.seed);
  const until = Date.now() + Number(values.seconds) * 1000;
  console.log(`${name}: seed ${seed}`);
  const tried = await (
    await trials[name]!()
  ).trial.run({
    seed,
    isOver: (rounds) => rounds >= Number(values.rounds) || Date.now() > until,
    report(at, what) {
      console.log(`\n${name}: wrong with seed ${at}\n${what}`);
      process.exitCode = 1;
    },
    ...(values.record !== undefined && { record: values.record }),
  });
  console.log(`${name}: ${tried}`);
}
