// Words that real shells complete, with the scripts that `cli completion` prints.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import xterm from '@xterm/headless';
import { bin, environment, patience, Rig } from '../rig/rig.ts';

let rig: Rig;
let env: NodeJS.ProcessEnv;

before(async () => {
  rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({
      images: {
        api: { context: 'api', description: 'The service', selectors: ['tier:back'] },
        'api-docs': { context: 'api' },
        web: { context: 'api' },
      },
      groups: { everything: ['api', 'web'] },
    }),
    'api/Dockerfile': 'FROM scratch AS build\nCOPY . /\nFROM scratch AS test\nFROM build\n',
  });
  env = {
    ...environment,
    MONOKIT_CACHE_DIR: rig.cacheDir,
    HOME: rig.root,
    PATH: `${dirname(bin)}:${environment['PATH']}`,
  };
});
after(() => rig[Symbol.asyncDispose]());

/** Each line, with what it may go on with. */
const lines: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['cli rel', ['release']],
  ['cli build a', ['all', 'api', 'api-docs']],
  ['cli build api#', ['api#build', 'api#test']],
  ['cli build ev', ['everything']],
  ['cli build --prog', ['--progress']],
  ['cli build --progress pl', ['plain']],
  ['cli build --network-mode ', ['auto', 'bridge', 'host']],
  ['cli build --config buildkit.', ['buildkit.config.json']],
  ['cli completion f', ['fish']],
];

test('bash', async () => {
  writeFileSync(rig.path('../script.bash'), (await rig.ok(['completion', 'bash'])).stdout);
  // What readline does at a tab: it splits at COMP_WORDBREAKS, calls the function, and reads COMPREPLY.
  const complete = `
source "$1"
COMP_LINE=$2 COMP_POINT=\${#2}
read -r -a COMP_WORDS <<< "$(sed 's/[=:@]/ & /g' <<< "$2")"
case $2 in *[[:space:]]|*[=:@]) COMP_WORDS+=('') ;; esac
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
compopt() { :; } # works only while readline asks
$(complete -p cli | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "\${COMPREPLY[@]}"
`;
  const ask = (line: string) => shell('bash', ['-c', complete, 'bash', rig.path('../script.bash'), line]).sort();
  for (const [line, words] of lines) assert.deepEqual(ask(line), words, line);
  assert.deepEqual(ask('cli build --progress=pl'), ['plain']);
  assert.deepEqual(ask('cli build -F tag:ti'), ['tier:back']);
  assert.deepEqual(ask('cli build --no-such-flag='), ['']);
});

for (const [command, setup] of [
  ['bash --norc --noprofile -i', 'eval "$(cli completion bash)"'],
  ['zsh -f -i', 'unsetopt prompt_sp; autoload -U compinit; compinit -u -D; eval "$(cli completion zsh)"'],
] as const) {
  test(`${command.split(' ')[0]} at a terminal: a tab completes the word`, async () => {
    await using terminal = openTerminal(command);
    await terminal.type(`${setup}; PS1='> '\r`, /^> $/);
    await terminal.type('cli build ev\t', /^> cli build everything $/);
    await terminal.type('--progress=pl\t', / --progress=plain $/);
    await terminal.type('--config buildkit.c\t', / --config buildkit\.config\.json $/);
    await terminal.type('api#t\t', / api\\?#test $/);
  });
}

test('fish', async () => {
  const folder = join(rig.root, '.config/fish/completions');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'cli.fish'), (await rig.ok(['completion', 'fish'])).stdout);
  const ask = (line: string) => shell('fish', ['-c', 'complete -C $argv[1]', line]);
  for (const [line, words] of lines) {
    const found = ask(line).map((each) => each.split('\t')[0]!);
    assert.deepEqual(found.sort(), words, line);
  }
  assert.deepEqual(ask('cli build --progress=pl'), ['--progress=plain']);
  assert.ok(ask('cli build a').includes('api\tThe service'));
});

test('a config is not run at each tab, and a change of it or of a Dockerfile is seen', async () => {
  await using own = await Rig.open({
    'buildkit.config.ts': `import { ids } from './ids.ts';
      export default ({ env }) => ({ images: Object.fromEntries(ids(env.TERM).map((id) => [id, { context: 'app', define: id === 'x' ? () => {} : undefined }])) });`,
    'ids.ts': `export const ids = (term: string) => ['api', 'apt', term];`,
    app: { Dockerfile: 'FROM scratch AS one\n' },
  });
  const coverage = join(own.root, 'coverage');
  /** What a tab suggests, and whether the config was looked into. */
  const tab = async (line: string, TERM = 'a-term') => {
    rmSync(coverage, { recursive: true, force: true });
    const { stdout } = await own.ok(['completion', 'words', 'bash', line], {
      env: { NODE_V8_COVERAGE: coverage, TERM },
    });
    const report = readFileSync(join(coverage, readdirSync(coverage)[0]!), 'utf8');
    return { words: stdout.trim().split('\n'), looked: report.includes('packages/config/src/load.ts') };
  };
  const settled = async (line: string) => {
    for (let attempt = 0; attempt < 5; attempt++) {
      const { words, looked } = await tab(line);
      if (!looked) return words;
    }
    throw new Error('the words are never kept');
  };
  assert.deepEqual(await settled('cli build a'), ['all', 'api', 'apt', 'a-term']);
  assert.deepEqual(await settled('cli build api#'), ['api#one']);
  writeFileSync(own.path('app/Dockerfile'), 'FROM scratch AS other\n');
  assert.deepEqual(await settled('cli build api#'), ['api#other']);
  writeFileSync(own.path('ids.ts'), `export const ids = (term: string) => ['ape', term];`);
  assert.deepEqual(await settled('cli build a'), ['all', 'ape', 'a-term']);
  assert.deepEqual((await tab('cli build a', 'another')).words, ['all', 'ape', 'another']);
});

test('a workspace that is broken is told of by nobody', async () => {
  await rig.write({ 'broken/buildkit.config.json': '{ no json' });
  const { stdout, stderr } = spawnSync(bin, ['completion', 'words', 'bash', 'cli build a'], {
    cwd: rig.path('broken'),
    env,
    encoding: 'utf8',
  });
  assert.deepEqual([stdout, stderr], ['all\n', '']);
});

/** What a shell's command line prints, in lines. */
function shell(name: string, args: readonly string[]): string[] {
  const { stdout, stderr, status, error } = spawnSync(name, args, { cwd: rig.dir, env, encoding: 'utf8' });
  if (error) throw new Error(`this test needs ${name}; sh scripts/setup.sh test installs it`, { cause: error });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout.trimEnd().split('\n');
}

/** A shell that a person types into. */
function openTerminal(command: string) {
  const child = spawn('script', ['-qec', `stty cols 200; exec ${command}`, '/dev/null'], {
    cwd: rig.dir,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const screen = new xterm.Terminal({ cols: 200, rows: 24, allowProposedApi: true });
  let look = () => {};
  child.stdout.on('data', (chunk: Buffer) => screen.write(chunk, () => look()));
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const line = () => {
    const { active } = screen.buffer;
    return active.getLine(active.baseY + active.cursorY)!.translateToString(false, 0, active.cursorX);
  };
  return {
    /** Types, and waits until the line up to the cursor looks so. */
    type(text: string, expected: RegExp): Promise<void> {
      return new Promise((resolve, reject) => {
        const give = (how: string) => reject(new Error(`${how} without ${String(expected)}: ${line()}`));
        const timer = setTimeout(give, patience, 'went on');
        look = () => {
          if (!expected.test(line())) return;
          clearTimeout(timer);
          resolve();
        };
        void ended.then(() => give('ended')).finally(() => clearTimeout(timer));
        child.stdin.write(text);
      });
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
