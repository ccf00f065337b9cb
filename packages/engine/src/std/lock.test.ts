import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { lock, tryLock } from './lock.ts';
import { makeTempFolder } from './temp.ts';

const temp = makeTempFolder();
after(() => temp[Symbol.asyncDispose]());
const at = (name: string) => join(temp.path, name);

test('a lock is had by one, and the next one waits until it lets go', async () => {
  const first = tryLock(at('a'))!;
  assert.equal(tryLock(at('a')), undefined);
  const second = lock(at('a'));
  const third = lock(at('a'));
  first[Symbol.dispose]();
  const got = await Promise.race([second, third]);
  assert.equal(tryLock(at('a')), undefined);
  got[Symbol.dispose]();
  for (const each of await Promise.all([second, third].map((p) => p.then((l) => (l[Symbol.dispose](), l))))) {
    each[Symbol.dispose]();
  }
  using _again = tryLock(at('a'))!;
});

test('shared locks go together and keep an exclusive one out', async () => {
  const [a, b] = [tryLock(at('s'), 'shared')!, tryLock(at('s'), 'shared')!];
  assert.equal(tryLock(at('s')), undefined);
  const exclusive = lock(at('s'));
  a[Symbol.dispose]();
  b[Symbol.dispose]();
  using _got = await exclusive;
  assert.equal(tryLock(at('s'), 'shared'), undefined);
});

test('waiting ends when the signal fires', async () => {
  using _held = tryLock(at('b'))!;
  const controller = new AbortController();
  const waiting = lock(at('b'), controller);
  controller.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(lock(at('b'), controller), /enough/);
});

test('a lock whose file is removed with it is free for the next one', async () => {
  const first = tryLock(at('r'))!;
  let told = 0;
  const waiting = lock(at('r'), { waiting: () => told++ });
  assert.equal(told, 1);
  first.remove();
  const second = await waiting;
  assert.ok(existsSync(at('r')));
  assert.equal(tryLock(at('r')), undefined);
  second.remove();
  assert.ok(!existsSync(at('r')));
});

test('a killed owner lets go, and who waits is woken', async () => {
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { tryLock } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)};
       globalThis.held = tryLock(${JSON.stringify(at('k'))});
       console.log('held');
       setInterval(() => {}, 1e6);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  assert.equal(tryLock(at('k')), undefined);
  const waiting = lock(at('k'));
  child.kill('SIGKILL');
  using _got = await waiting;
});
