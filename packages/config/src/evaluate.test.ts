// Whatever a configuration looks at while it is evaluated: either a later load sees that it changed, or nothing is kept.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from './load.ts';

type Files = Readonly<Record<string, string>>;

class Place implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'monokit-evaluate-'));

  constructor(files: Files) {
    mkdirSync(join(this.root, '.git'));
    this.write(files);
  }

  write(files: Files): void {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.root, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }

  /** Where the configuration came from; `refused` where something changed that Node loads only once in a process. */
  async load(env: NodeJS.ProcessEnv = {}): Promise<'evaluation' | 'cache' | 'refused'> {
    const { loaded, diagnostics } = await loadConfig({ cwd: this.root, env, state: `${this.root}.state` });
    if (/has changed since this process loaded it/.test(diagnostics[0]?.message ?? '')) return 'refused';
    assert.ok(loaded, diagnostics[0]?.message);
    return loaded.from;
  }

  [Symbol.dispose](): void {
    for (const path of [this.root, `${this.root}.state`]) rmSync(path, { recursive: true, force: true });
  }
}

/** A module whose image has what an expression gives. */
const telling = (expression: string, before = '') =>
  `${before}\nexport default { images: { a: { tags: String(${expression}) } } };`;

/** Expressions that give what a variable is. */
const asking: Readonly<Record<string, string>> = {
  'by name': 'process.env.X',
  'by a computed name': `process.env[['X'].join('')]`,
  'by in': `'X' in process.env`,
  'by destructuring': `(({ X }) => X)(process.env)`,
  'by destructuring the process': `(({ env: { X } }) => X)(process)`,
  'by the rest of them': `JSON.stringify((({ Y, ...rest }) => rest)(process.env))`,
  'by spread': 'JSON.stringify({ ...process.env })',
  'by their names': 'Object.keys(process.env)',
  'by entries': 'Object.entries(process.env)',
  'by JSON': 'JSON.stringify(process.env)',
  'by for in': `(() => { const all = []; for (const name in process.env) all.push(name); return all; })()`,
  'by assign': `Object.assign({}, process.env).X`,
  'by hasOwn': `Object.hasOwn(process.env, 'X')`,
  'by propertyIsEnumerable': `process.env.propertyIsEnumerable('X')`,
  'by structure': `Reflect.ownKeys(process.env).length`,
  'by inheritance': `Object.create(process.env).X`,
  'by globalThis': `globalThis.process.env.X`,
  'by code of its own': `new Function('return process.env.X')()`,
  'by eval': `(0, eval)('process.env.X')`,
};
for (const [how, expression] of Object.entries(asking)) {
  test(`a variable is asked for ${how}`, async () => {
    using place = new Place({ 'buildkit.config.mjs': telling(expression) });
    await place.load();
    assert.equal(await place.load(), 'cache', 'kept while it is as it was');
    assert.equal(await place.load({ X: '1' }), 'evaluation');
  });
}

/** Modules that look at what no file tells. */
const unkept: Readonly<Record<string, string>> = {
  'the clock, called': telling('Date()'),
  'the clock by now': telling('Date.now()'),
  'the clock by a taken now': telling('now()', 'const { now } = Date;'),
  'the clock by a subclass': telling('+new D()', 'class D extends Date {}'),
  'the clock by a format': telling('new Intl.DateTimeFormat().format()'),
  'the clock by a called format': telling('Intl.DateTimeFormat().formatToParts().length'),
  'the clock by constructor': telling('+new (new Date(0).constructor)()'),
  'the clock by performance': telling('performance.now()'),
  'the clock by hrtime': telling('process.hrtime()'),
  'the clock by an event': telling(`new Event('x').timeStamp`),
  'the clock by a file': telling(`new File([], 'x').lastModified`),
  chance: telling('Math.random()'),
  'chance by crypto': telling('crypto.randomUUID()'),
  'the machine by the process': telling('process.getuid()'),
  'the machine by os': telling('os.cpus().length', `import os from 'node:os';`),
  'the machine by navigator': telling('navigator.hardwareConcurrency'),
  'the words of the command line': telling('process.argv'),
  'the process by import': telling('process.env.X', `import process from 'node:process';`),
  'the process by getBuiltinModule': telling(`process.getBuiltinModule('fs')`),
  'files by import': telling(`existsSync('x')`, `import { existsSync } from 'fs';`),
  'files by promises': telling(`await readdir('.')`, `import { readdir } from 'node:fs/promises';`),
  'files by a late import': telling(`(await import('node:fs')).existsSync('x')`),
  'files by code from data': telling(
    'there',
    `import there from ${JSON.stringify(`data:text/javascript,import { existsSync } from 'node:fs'; export default existsSync('x');`)};`,
  ),
  'files by imports in code of its own': telling(`(await new Function('return import("node:fs")')()).existsSync('x')`),
  'files by createRequire': telling(
    `require('fs').existsSync('x')`,
    `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
  ),
  'files by a worker': telling('1', `import { Worker } from 'node:worker_threads';`),
  'git by a program': telling(`execSync('true')`, `import { execSync } from 'node:child_process';`),
  'git by monokit': telling(`readGit(import.meta.dirname).commit`, `import { readGit } from '@monokit/config';`),
  'files by monokit': telling(`all.gitTop('/')`, `import * as all from '@monokit/config';`),
  'the network by fetch': telling(`typeof (await fetch('http://127.0.0.1:1').catch(() => 1))`),
  'a compiler of its own': telling(`1`, `import 'node:vm';`),
};
for (const [what, text] of Object.entries(unkept)) {
  test(`nothing is kept of a configuration that asks for ${what}`, async () => {
    using place = new Place({ 'buildkit.config.mjs': text });
    await place.load();
    assert.equal(await place.load(), 'evaluation');
  });
}
for (const [what, text] of Object.entries({
  'files by require': `module.exports = { images: { a: { tags: String(require('fs').existsSync('x')) } } };`,
  'files by what loads modules': `module.exports = { images: { a: { tags: String(module.constructor._load('fs').existsSync('x')) } } };`,
  'files by another module': `module.exports = { images: { a: { tags: String(module.require('fs').existsSync('x')) } } };`,
})) {
  test(`nothing is kept of a CommonJS configuration that asks for ${what}`, async () => {
    using place = new Place({ 'buildkit.config.cjs': text });
    await place.load();
    assert.equal(await place.load(), 'evaluation');
  });
}

for (const [what, before, after] of [
  ['the language', { LANG: 'en_US.UTF-8' }, { LANG: 'de_DE.UTF-8' }],
  ['the language of all', { LC_ALL: 'en_US.UTF-8' }, { LC_ALL: 'de_DE.UTF-8' }],
  ['the time zone', { TZ: 'UTC' }, { TZ: 'Asia/Tokyo' }],
] as const) {
  test(`a configuration that writes numbers and dates sees another ${what}`, async () => {
    using place = new Place({
      'buildkit.config.mjs': telling(`(1234.5).toLocaleString() + new Date(0).toString()`),
    });
    await place.load(before);
    assert.equal(await place.load(before), 'cache');
    assert.equal(await place.load(after), 'evaluation');
  });
}

interface FileCase {
  readonly files: Files;
  readonly change: Files | ((place: Place) => void);
}
const data = 'data.json';
const fileCases: Readonly<Record<string, FileCase>> = {
  'data by import': {
    files: {
      'buildkit.config.mjs': telling('data.v', `import data from './data.json' with { type: 'json' };`),
      [data]: '{"v":1}',
    },
    change: { [data]: '{"v":2}' },
  },
  'data by require': {
    files: {
      'buildkit.config.cjs': `module.exports = { images: { a: { tags: String(require('./data').v) } } };`,
      [data]: '{"v":1}',
    },
    change: { 'data.js': 'module.exports = { v: 2 };' },
  },
  'data by a late import': {
    files: { 'buildkit.config.mjs': telling(`(await import('./data.mjs')).v`), 'data.mjs': 'export const v = 1;' },
    change: { 'data.mjs': 'export const v = 2;' },
  },
  'a module that was not there': {
    files: { 'buildkit.config.mjs': telling(`await import('./data.mjs').then(({ v }) => v, () => 0)`) },
    change: { 'data.mjs': 'export const v = 2;' },
  },
  'a required module that was not there': {
    files: {
      'buildkit.config.cjs': `let v = 0; try { v = require('./local'); } catch {} module.exports = { images: { a: { tags: String(v) } } };`,
    },
    change: { 'local.js': 'module.exports = 1;' },
  },
  'a folder that becomes a file': {
    files: {
      'buildkit.config.cjs': `module.exports = { images: { a: { tags: String(require('./data')) } } };`,
      'data/package.json': '{"main":"lib"}',
      'data/lib.js': 'module.exports = 1;',
    },
    change: { 'data/package.json': '{"main":"other"}', 'data/other.js': 'module.exports = 2;' },
  },
  'a package that was not there': {
    files: { 'buildkit.config.mjs': telling(`await import('extra').then(({ v }) => v, () => 0)`) },
    change: {
      'node_modules/extra/package.json': '{"type":"module","exports":"./x.js"}',
      'node_modules/extra/x.js': 'export const v = 1;',
    },
  },
  'a file of a package that comes before another': {
    files: {
      'buildkit.config.cjs': `module.exports = { images: { a: { tags: String(require('lib/part')) } } };`,
      'node_modules/lib/package.json': '{}',
      'node_modules/lib/part/index.js': 'module.exports = 1;',
    },
    change: { 'node_modules/lib/part.js': 'module.exports = 2;' },
  },
  'what a package imports': {
    files: {
      'buildkit.config.mjs': telling(`v`, `import v from 'lib';`),
      'node_modules/lib/package.json': '{"type":"module","exports":"./a.js"}',
      'node_modules/lib/a.js': `export { default } from './b.js';`,
      'node_modules/lib/b.js': `export default 1;`,
    },
    change: { 'node_modules/lib/b.js': `export default 2;` },
  },
  'where a link leads': {
    files: {
      'buildkit.config.mjs': telling(`v`, `import v from './link.mjs';`),
      'one.mjs': 'export default 1;',
      'two.mjs': 'export default 2;',
    },
    change: ({ root }) => {
      rmSync(join(root, 'link.mjs'));
      symlinkSync('two.mjs', join(root, 'link.mjs'));
    },
  },
  'a configuration that comes before this one': {
    files: { 'buildkit.config.mjs': telling('1') },
    change: { 'buildkit.config.ts': telling('2') },
  },
  'what package.json says of modules': {
    files: { 'buildkit.config.js': `export default { images: {} };`, 'package.json': '{"type":"module"}' },
    change: { 'package.json': '{"type":"module","imports":{"#x":"./x.js"}}' },
  },
  'what a name of its own means': {
    files: {
      'buildkit.config.mjs': telling('v', `import v from '#v';`),
      'package.json': '{"imports":{"#v":"./one.mjs"}}',
      'one.mjs': 'export default 1;',
      'two.mjs': 'export default 2;',
    },
    change: { 'package.json': '{"imports":{"#v":"./two.mjs"}}' },
  },
};
for (const [what, { files, change }] of Object.entries(fileCases)) {
  test(`a configuration sees a change of ${what}`, async () => {
    using place = new Place(files);
    if ('one.mjs' in files && !('package.json' in files)) symlinkSync('one.mjs', join(place.root, 'link.mjs'));
    assert.equal(await place.load(), 'evaluation');
    assert.equal(await place.load(), 'cache', 'kept while it is as it was');
    if (typeof change === 'function') change(place);
    else place.write(change);
    assert.notEqual(await place.load(), 'cache');
  });
}
