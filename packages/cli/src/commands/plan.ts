import { command } from '../command.ts';
import { imageFlags } from '../flags/build.ts';
import { workspaceFlags } from '../flags/workspace.ts';

export const plan = command({
  summary: 'Tell what a build would run, without building',
  usage: '[all | IMAGE | GROUP | GLOB | IMAGE#STAGE]… | FOLDER',
  description: `
Asks the caches about every step of the chosen images: which run (▸), which are there
already, here or in a cache of --cache-from (☁), and which depend on what another step
makes (?): those run unless it makes what it made before. Tells how much would be
fetched and read. Nothing is run, fetched or kept. The same is cli build --dry.`,
  flags: {
    ...imageFlags,
    ...workspaceFlags,
    json: { kind: 'switch', help: 'Print it as JSON, in the shape that docs/plan.md describes', env: false },
  },
  examples: [
    ['cli plan', 'the next cli build'],
    ['cli plan api --build-arg V=2', 'what another argument would cost'],
    ['cli plan all --affected --json', 'for programs'],
  ],
  async run(invocation) {
    const { showPlan } = await import('../plan/show.ts');
    return showPlan(invocation, { form: invocation.flags.json ? 'json' : 'text' });
  },
});
