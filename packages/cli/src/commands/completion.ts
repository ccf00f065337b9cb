import { command } from '../command.ts';
import { scripts, shells, type Shell } from '../completion/scripts.ts';
import { Mistake } from '../mistake.ts';

export const completion = command({
  summary: 'Print a script that completes words in bash, zsh or fish',
  usage: '{bash | zsh | fish}',
  description: `
Prints what a shell needs to complete commands, flags with their values, files, and the
images, groups, stages (api#…), tags (--filter tag:…) and runs of the workspace that one
is in.

In bash, for all shells to come (the package bash-completion reads that folder):
  cli completion bash > ~/.local/share/bash-completion/completions/cli
In zsh, in a folder of $fpath, under the name _cli:
  cli completion zsh > ~/.zfunc/_cli
In fish:
  cli completion fish > ~/.config/fish/completions/cli.fish

The scripts ask \`cli completion words SHELL LINE\`, which answers from the commands of this
version: they need not be written again for another one.`,
  flags: {},
  examples: [
    ['cli completion bash', 'the script for bash'],
    ['cli completion words fish "cli build a"', 'what the script for fish would ask behind that'],
  ],
  async run({ positionals, stdout, cwd, env }) {
    const [first, second, line = ''] = positionals;
    if (first !== 'words') {
      stdout.write(scripts[shellOf(first)]);
      return 0;
    }
    const shell = shellOf(second);
    const [{ typedIn }, { suggest }, { knownHere }, { answer }] = await Promise.all([
      import('../completion/typed.ts'),
      import('../completion/suggest.ts'),
      import('../completion/known-here.ts'),
      import('../completion/answer.ts'),
    ]);
    const typed = typedIn(line);
    stdout.write(answer(await suggest(typed, knownHere(cwd, env)), shell, typed.word));
    return 0;
  },
});

function shellOf(name: string | undefined): Shell {
  const found = shells.find((shell) => shell === name);
  if (found) return found;
  throw new Mistake(
    name === undefined ? 'completion needs a shell' : `there is no completion for ${JSON.stringify(name)}`,
    `it is ${shells.join(', ')}`,
  );
}
