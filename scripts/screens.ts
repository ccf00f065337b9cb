// Makes the pictures of terminals in the documentation, docs/pictures/screen-*.svg: real commands on the example.
//   node --conditions=source scripts/screens.ts

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInTerminal, screenSvg, textOf, type Screen, type TerminalOptions } from './terminal.ts';

const root = join(import.meta.dirname, '..');
const pictures = join(root, 'docs/pictures');
const scratch = mkdtempSync(join(tmpdir(), 'monokit-screens-'));
const folder = join(scratch, 'shop');

const config = `export default {
  registries: { 'docker.io': { mirrors: [${JSON.stringify(join(root, '.bases'))}] } },
  images: {
    base: { context: 'base' },
    api: { context: 'api' },
    web: { context: 'web' },
    tool: { context: 'tool' },
    worker: { context: 'worker', matrix: { queue: ['mail', 'reports'] }, args: { QUEUE: '\${queue}' } },
    release: { context: 'release' },
  },
};
`;

const { CI: _, GITHUB_ACTIONS: __, ...own } = process.env;
const env = {
  ...own,
  MONOKIT_CACHE_DIR: join(scratch, 'cache'),
  GITHUB_WORKSPACE: folder,
  PATH: `${join(root, 'node_modules/.bin')}:${own['PATH']}`,
};
const size = { columns: 96, height: 32 };
/** Logs of CIs are read on wide pages. */
const logSize = { columns: 124, height: 32 };

try {
  cpSync(join(root, 'examples/monorepo'), folder, { recursive: true });
  writeFileSync(join(folder, 'buildkit.config.ts'), config);
  mkdirSync(pictures, { recursive: true });

  // While the first images are done and others still run.
  let running: Screen | undefined;
  let most = 0;
  const first = await run('cli build all', (snapshot) => {
    const screen = snapshot();
    const text = textOf(screen).join('\n');
    const [done, steps] = [/^✔/gm, /^▸/gm].map((sign) => text.match(sign)?.length ?? 0) as [number, number];
    if (!text.includes('cpu') || done > 4 || steps * 2 + done < most) return;
    [running, most] = [screen, steps * 2 + done];
  });
  if (running) write('running', running, 'cli build all');
  write('first', first, 'cli build all');
  await run('cli build all');
  write('cached', await run('cli build all'), 'cli build all');

  edit('api/src/server.mjs', (text) => `${text}// one line more\n`);
  write('plan', await run('cli plan all'), 'cli plan all');
  write('changed', await run('cli build all'), 'cli build all');

  edit('base/lib/log.mjs', (text) => `${text}// one line more\n`);
  edit('web/Dockerfile', (text) => text.replace('render.mjs /out', 'render.mjs /out && ls /out'));
  await run('cli build all');
  write('why', await run('cli why web'), 'cli why web');

  edit('api/src/greeting.mjs', (text) => text.replace('Hello', 'goodbye'));
  write('failed', await run('cli build all'), 'cli build all');
  write('runs', await run('cli runs ls'), 'cli runs ls');

  // What is typed there comes a little later than the shell.
  const typed = ['cat src/greeting.mjs', 'eval "$CMD" | grep -E "(actual|expected):"', 'exit'];
  const keys = ['sleep 3', ...typed.flatMap((line) => [`echo '${line}'`, 'sleep 2'])].join('; ');
  write('shell', await run(`(${keys}) | script -qec 'stty cols 96 rows 32; cli shell' /dev/null`), 'cli shell');

  edit('api/src/greeting.mjs', (text) => text.replace('goodbye', 'Hello'));
  edit('web/site/page.html', (text) => `${text}<!-- more -->\n`);
  write('ci', await run('CI=true cli build web 2>&1 | cat', undefined, logSize), 'CI=true cli build web');
  edit('web/site/page.html', (text) => `${text}<!-- and more -->\n`);
  edit('api/src/greeting.mjs', (text) => text.replace('Hello', 'goodbye'));
  const github = 'CI=true GITHUB_ACTIONS=true cli build web api';
  write('github', await run(`${github} 2>&1 | cat`, undefined, logSize), github);
  edit('api/src/greeting.mjs', (text) => text.replace('goodbye', 'Hello'));

  await run('cli build api web');
  write('watch', await watched(), 'cli watch api web');
  write('diff', await run('cli diff web'), 'cli diff web');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function run(line: string, onChange?: TerminalOptions['onChange'], screen = size): Promise<Screen> {
  return runInTerminal(line, { cwd: folder, env, ...screen, ...(onChange && { onChange }) });
}

/** A watch while a page changes: it waits for the next change after it told of that one, and of what differs. */
async function watched(): Promise<Screen> {
  let state: 'starting' | 'changed' | 'told' = 'starting';
  let [last, told]: (Screen | undefined)[] = [];
  let end: () => void = () => {};
  const overdue = setTimeout(() => end(), 60_000);
  await run('cli watch api web', (snapshot, type) => {
    end = () => type('q');
    last = snapshot();
    const text = textOf(last).join('\n');
    if (state === 'starting' && /^⚡ .*up to date[^]*^watching/m.test(text)) {
      state = 'changed';
      edit('web/site/page.html', (page) => `${page}<!-- while it is watched -->\n`);
    } else if (state === 'changed' && /^✔ web[^]*^ {2}web {2}~1 file[^]*^watching.* last/m.test(text)) {
      [state, told] = ['told', last];
      end();
    }
  });
  clearTimeout(overdue);
  if (!told) throw new Error(`the watch did not tell of a change:\n${last ? textOf(last).join('\n') : ''}`);
  return told;
}

function write(name: string, screen: Screen, command: string): void {
  writeFileSync(join(pictures, `screen-${name}.svg`), screenSvg(screen, command));
}

function edit(name: string, change: (text: string) => string): void {
  const path = join(folder, name);
  const before = readFileSync(path, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`${name} is not what it was: the edit changes nothing`);
  writeFileSync(path, after);
}
