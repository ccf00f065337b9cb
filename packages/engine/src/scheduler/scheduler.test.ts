import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scheduler, type Candidate, type Place, type SchedulerOptions } from './scheduler.ts';

const gib = 2 ** 30;

/** A scheduler whose clock and turns the test decides. */
function rig(options: Partial<SchedulerOptions> = {}) {
  let at = 0;
  const turns: (() => void)[] = [];
  const scheduler = new Scheduler({
    budget: () => ({ cpu: 4000, memory: 8 * gib }),
    now: () => at,
    soon: (callback) => turns.push(callback),
    ...options,
  });
  const entered: string[] = [];
  const places = new Map<string, Place>();
  return {
    scheduler,
    entered,
    places,
    pass: (ms: number) => void (at += ms),
    ask(name: string, candidate: Partial<Candidate> = {}, signal?: AbortSignal): Promise<void> {
      const admitted = scheduler.admit({ path: 0, ...candidate }, signal && { signal });
      return admitted.then((place) => {
        entered.push(name);
        places.set(name, place);
      });
    },
    leave(name: string) {
      places.get(name)![Symbol.dispose]();
      places.delete(name);
    },
    async turn() {
      for (const turn of turns.splice(0)) turn();
      await new Promise(setImmediate);
    },
  };
}

test('the longest path goes first, whoever asked first; equals in the order in which they asked', async () => {
  const { ask, turn, leave, entered } = rig({ concurrency: 1 });
  void ask('short', { path: 1 });
  void ask('long', { path: 100 });
  void ask('long too', { path: 100 });
  void ask('middle', { path: 50 });
  await turn();
  for (const name of ['long', 'long too', 'middle', 'short']) {
    assert.equal(entered.at(-1), name);
    leave(name);
    await turn();
  }
});

test('a higher priority goes before any path', async () => {
  const { ask, turn, entered } = rig({ concurrency: 1 });
  void ask('long', { path: 50 * 60_000 });
  void ask('wanted', { path: 1, priority: 1 });
  await turn();
  assert.deepEqual(entered, ['wanted']);
});

test('without a bound nobody waits, not even for a turn', async () => {
  const { ask, entered } = rig();
  await ask('first');
  assert.deepEqual(entered, ['first']);
});

test('who was cancelled leaves with the reason, from anywhere in the queue', async () => {
  const { ask, turn, leave, entered, scheduler } = rig({ concurrency: 1 });
  const stop = new AbortController();
  void ask('running');
  await turn();
  const gone = ask('gone', { path: 10 }, stop.signal);
  void ask('next', { path: 5 });
  stop.abort(new Error('enough'));
  await assert.rejects(gone, /enough/);
  assert.equal(scheduler.waiting, 1);
  leave('running');
  await turn();
  assert.deepEqual(entered, ['running', 'next']);
  await assert.rejects(ask('late', {}, stop.signal), /enough/);
});

test('processes run side by side as far as processors and memory go; smaller ones pass one that does not fit', async () => {
  const { ask, turn, leave, entered } = rig();
  void ask('a', { path: 10, needs: { cpu: 1000, memory: 5 * gib } });
  void ask('b', { path: 9, needs: { cpu: 1000, memory: 5 * gib } });
  void ask('c', { path: 8, needs: { cpu: 1000, memory: 1 * gib } });
  void ask('d', { path: 7, needs: { cpu: 3000, memory: 1 * gib } });
  void ask('file', { path: 1 });
  await turn();
  // Not b: 10 of 8 GiB. Not d: 5 of 4 processors.
  assert.deepEqual(entered, ['file', 'a', 'c']);
  leave('a');
  await turn();
  assert.deepEqual(entered.slice(3), ['b']);
  leave('c');
  await turn();
  assert.deepEqual(entered.slice(4), ['d']);
});

test('what needs more than there is runs alone', async () => {
  const { ask, turn, leave, entered } = rig();
  void ask('small', { path: 1, needs: { cpu: 1, memory: 1 } });
  await turn();
  void ask('huge', { path: 10, needs: { cpu: 64_000, memory: 100 * gib } });
  await turn();
  assert.deepEqual(entered, ['small']);
  leave('small');
  await turn();
  assert.deepEqual(entered, ['small', 'huge']);
  void ask('after', { path: 1, needs: { cpu: 1, memory: 1 } });
  await turn();
  assert.equal(entered.length, 2);
  leave('huge');
  await turn();
  assert.deepEqual(entered, ['small', 'huge', 'after']);
});

test('a large step lets small ones pass for a minute, and is waited for then', async () => {
  const { ask, turn, leave, entered, pass } = rig();
  const small = { path: 1, needs: { cpu: 100, memory: 3 * gib } };
  void ask('0', small);
  await turn();
  void ask('large', { path: 10, needs: { cpu: 100, memory: 6 * gib } });
  for (let i = 1; i <= 6; i++) {
    void ask(String(i), small);
    await turn();
    assert.equal(entered.at(-1), String(i));
    leave(String(i - 1));
    pass(10_000);
  }
  pass(1);
  void ask('7', small);
  await turn();
  assert.equal(entered.at(-1), '6');
  leave('6');
  await turn();
  assert.equal(entered.at(-1), 'large');
});

/** Numbers between 0 and 1 that are the same for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('nobody starves: a step that came later goes first only if its path is longer by a quarter of the time between', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const next = random(seed);
    const { ask, turn, leave, entered, places, pass } = rig({ concurrency: 1 + Math.floor(next() * 3) });
    const asked: { readonly at: number; readonly path: number }[] = [];
    let at = 0;
    for (let round = 0; round < 200; round++) {
      // An adversary: most that come have longer paths than what waits.
      for (let i = Math.floor(next() * 3); i > 0; i--) {
        const path = next() < 0.2 ? next() * 100 : 100 + next() * 10_000;
        void ask(String(asked.length), { path });
        asked.push({ at, path });
      }
      const seen = entered.length;
      await turn();
      const waiting = asked.keys().filter((i) => !entered.includes(String(i)));
      const last = entered.slice(seen).map((name) => asked[Number(name)]!);
      for (const i of waiting) {
        const behind = asked[i]!;
        for (const ahead of last) {
          assert.ok(ahead.at - behind.at <= 4 * (ahead.path - behind.path) || ahead.at <= behind.at, `seed ${seed}`);
          // So a wait ends: whoever waited for four times the longest path is passed by nobody who came after.
          assert.ok(ahead.at - behind.at <= 4 * 10_100, `seed ${seed}`);
        }
      }
      const step = Math.ceil(next() * 2000);
      pass(step);
      at += step;
      const [running] = places.keys();
      if (running !== undefined && next() < 0.8) leave(running);
    }
  }
});

test('no more is taken than there is, something runs while anything waits, and the order is always the same', async () => {
  const runs = [];
  for (let again = 0; again < 2; again++) {
    const orders: string[] = [];
    for (let seed = 1; seed <= 30; seed++) {
      const next = random(seed);
      const concurrency = 2 + Math.floor(next() * 4);
      const { ask, turn, leave, entered, places, pass } = rig({ concurrency });
      const steps = new Map<string, Candidate>();
      for (let i = 0; i < 150; i++) {
        const needs = { cpu: Math.ceil(next() * 5000), memory: Math.ceil(next() * 10 * gib) };
        const step = { path: Math.floor(next() * 50), ...(next() < 0.7 && { needs }) };
        steps.set(String(i), step);
        void ask(String(i), step);
        if (next() < 0.5) await turn();
        const taken = [...places.keys()].map((name) => steps.get(name)!.needs);
        const cpu = taken.reduce((sum, each) => sum + Math.min(each?.cpu ?? 0, 4000), 0);
        const memory = taken.reduce((sum, each) => sum + Math.min(each?.memory ?? 0, 8 * gib), 0);
        assert.ok(places.size <= concurrency && cpu <= 4000 && memory <= 8 * gib, `seed ${seed}`);
        pass(Math.floor(next() * 100));
        const running = [...places.keys()];
        if (running.length > 0 && next() < 0.6) leave(running[Math.floor(next() * running.length)]!);
      }
      for (let left = 0; left < 1000 && entered.length < 150; left++) {
        await turn();
        assert.ok(places.size > 0, 'something runs while something waits');
        for (const name of [...places.keys()]) leave(name);
      }
      assert.equal(new Set(entered).size, 150);
      orders.push(entered.join());
    }
    runs.push(orders);
  }
  assert.deepEqual(runs[0], runs[1]);
});
