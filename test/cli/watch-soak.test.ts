// What many edits leave behind in a watch with containers: nothing.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { busyboxLayout } from '../rig/bases.ts';
import { processesWith } from '../rig/left.ts';
import { patience, Rig } from '../rig/rig.ts';
import { Watching } from '../rig/watching.ts';

const main = 'echo "runs $(cat /src/a)"; exec sleep 1000\n';
const edits = 60;

test('sixty edits, built and run, leave no descriptor, mount or process, and little memory', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({
      discover: true,
      defaults: { contexts: { busybox: `oci-layout://${busyboxLayout()}` } },
      images: {
        api: {
          watch: { stopSignal: 'KILL', actions: [{ action: 'sync+restart', path: 'api/conf', target: '/conf' }] },
        },
      },
    }),
    api: {
      Dockerfile: 'FROM busybox\nCOPY main.sh /\nCOPY src /src\nCMD ["sh", "/main.sh"]\n',
      'main.sh': main,
      src: { a: 'start' },
      conf: { c: 'c' },
    },
    web: { Dockerfile: 'FROM busybox\nCOPY src /src\nRUN cat /src/a > /all\nCMD []\n', src: { a: 'start' } },
  });
  await using watching = new Watching(rig, ['all', '--up']);
  await watching.hearsAll('runs start\n', 'watching');
  const looks: Look[] = [];
  for (let edit = 1; edit <= edits; edit++) {
    const text = `edit ${edit}.`;
    if (edit % 3 === 0) {
      rig.put('api/conf/c', text);
      await watching.hearsAll('synced, restarted\n', 'api | runs ');
    } else if (edit % 3 === 1) {
      rig.put('api/src/a', text);
      await watching.hearsAll(`api | runs ${text}\n`, 'api  restarted\n');
    } else {
      rig.put('web/src/a', text);
      await watching.hears(' web  web/src/a → ');
    }
    if (edit % 20 === 0) looks.push(await lookAtRest(rig.cacheDir, looks[0]));
  }
  const [first, ...later] = looks;
  for (const look of later) {
    assert.ok(isLike(look, first!), JSON.stringify(looks));
    assert.ok(look.memory < first!.memory + 60, JSON.stringify(looks));
  }
});

interface Look {
  /** Of the whole machine; those of the cache and of this program's trees. */
  readonly mounts: number;
  readonly processes: number;
  readonly descriptors: number;
  /** Megabytes that the watch itself holds. */
  readonly memory: number;
}

/**
 * A look once nothing is about to end any more, worker threads that had nothing to do for two seconds among it, as far as
 * it can be like the one before: what is left for good stays.
 */
async function lookAtRest(cacheDir: string, before?: Look): Promise<Look> {
  let [look, times] = [lookAt(cacheDir), 0];
  for (const end = Date.now() + patience; Date.now() < end && (times < 30 || !isLike(look, before ?? look));) {
    await wait(100);
    const next = lookAt(cacheDir);
    times = isLike(next, look) ? times + 1 : 0;
    look = next;
  }
  return look;
}

function isLike(one: Look, other: Look): boolean {
  const counts = ['mounts', 'processes', 'descriptors'] as const;
  return counts.every((count) => one[count] === other[count]);
}

function lookAt(cacheDir: string): Look {
  const lines = processesWith(cacheDir);
  const pids = lines.map((line) => line.split(':')[0]!);
  const watch = pids.find((_, i) => / watch all --up/.test(lines[i]!))!;
  const status = readFileSync(`/proc/${watch}/status`, 'latin1');
  return {
    mounts: readFileSync(`/proc/${watch}/mounts`, 'latin1')
      .split('\n')
      .filter((line) => line.includes(`-${watch}-`) || line.includes(cacheDir)).length,
    processes: lines.length,
    descriptors: readdirSync(`/proc/${watch}/fd`).length,
    memory: Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) / 1000,
  };
}
