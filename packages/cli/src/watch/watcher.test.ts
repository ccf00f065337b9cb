import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { makeTempFolder } from '@monokit/engine/std/temp';
import { Watcher, type WatcherOptions } from './watcher.ts';

/** A watcher, and what it told of so far, without the folder. */
function watching(folder: string, options: Partial<WatcherOptions> = {}) {
  const bursts: string[][] = [];
  let look = () => {};
  const watcher = new Watcher({
    debounce: 20,
    longest: 250,
    onChange(paths) {
      bursts.push([...paths].map((path) => path.slice(folder.length + 1)).sort());
      look();
    },
    onPoll: () => assert.fail('there are enough watches'),
    onError: (error) => assert.fail(String(error)),
    ...options,
  });
  /** Resolves once it told of this path. */
  const told = (path: string) =>
    new Promise<void>((resolve) => {
      look = () => (bursts.flat().includes(path) ? resolve() : undefined);
      look();
    });
  return { watcher, bursts, told };
}

test('what changes while other places are taken is told of', async () => {
  await using temp = makeTempFolder();
  const [one, two] = [join(temp.path, 'one'), join(temp.path, 'two')];
  for (const folder of [one, two]) {
    mkdirSync(folder);
    writeFileSync(join(folder, 'a'), '1');
  }
  const { watcher, told } = watching(temp.path);
  await using _watcher = watcher;
  await watcher.watch({ folders: [one], paths: [], ignored: () => false });
  const again = watcher.watch({ folders: [one, two], paths: [], ignored: () => false });
  writeFileSync(join(one, 'a'), '2');
  await Promise.all([again, told('one/a')]);
  writeFileSync(join(two, 'a'), '2');
  await told('two/a');
  // Only those that are watched now.
  await watcher.watch({ folders: [two], paths: [], ignored: () => false });
  writeFileSync(join(one, 'b'), '1');
  writeFileSync(join(two, 'b'), '1');
  await told('two/b');
});

test('a burst waits for more silence the oftener one before was in vain', async () => {
  await using temp = makeTempFolder();
  const debounce = 300;
  const { watcher, told } = watching(temp.path, { debounce, longest: 60_000 });
  await using _watcher = watcher;
  await watcher.watch({ folders: [temp.path], paths: [], ignored: () => false });
  watcher.slow();
  watcher.slow();
  const began = performance.now();
  writeFileSync(join(temp.path, 'one'), '');
  await told('one');
  assert.ok(performance.now() - began >= 4 * debounce - 1);
});

test('what came while the process had no turn is of the same burst', async () => {
  await using temp = makeTempFolder();
  const { watcher, bursts, told } = watching(temp.path, { debounce: 1000, longest: 60_000 });
  await using _watcher = watcher;
  await watcher.watch({ folders: [temp.path], paths: [], ignored: () => false });
  for (let round = 1; ; round++) {
    const before = bursts.length;
    writeFileSync(join(temp.path, `first${round}`), '');
    while (watcher.files < round) await setImmediate();
    await setTimeout(120);
    if (bursts.length > before) continue; // this process had no turn before it was to have none
    // The silence is over when it has its turn again.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    for (const name of ['second', 'third']) writeFileSync(join(temp.path, name), '');
    await told('third');
    assert.deepEqual(bursts.slice(before), [[`first${round}`, 'second', 'third']]);
    return;
  }
});
