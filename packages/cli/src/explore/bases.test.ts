import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '@monokit/engine';
import { Bases } from './bases.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const digest = `sha256:${'ab'.repeat(32)}` as const;
const config = Buffer.from('{}');
const sessionOf = () => ({ id: 'test' }) as Session;
const live = new AbortController().signal;

/** Images by name: on this machine, elsewhere, or nowhere. */
function world(images: Readonly<Record<string, 'here' | 'there'>>) {
  const asked: string[] = [];
  const bases = new Bases();
  const resolve = bases.resolver(async (reference, { here = false }) => {
    asked.push(here ? `${reference} here` : reference);
    if (images[reference] === 'here' || (images[reference] === 'there' && !here)) return { digest, config };
    throw new Error(`there is no ${reference}`);
  });
  const ask = (name: string, session: Session) =>
    resolve(name, { platform, mode: 'default' }, { session, signal: live, report: () => undefined });
  return { asked, bases, ask };
}

test('what is on this machine is known at once, and asked once', async () => {
  const { asked, bases, ask } = world({ app: 'here' });
  const session = sessionOf();
  const found = await Promise.all([ask('app', session), ask('app', session)]);
  assert.deepEqual(
    found.map((each) => each.digest),
    [digest, digest],
  );
  assert.deepEqual(bases.of(session), [{ name: 'app', platform: 'linux/amd64', state: 'known', digest }]);
  assert.deepEqual(asked, ['app here']);
});

test('nobody else is asked until a text stands still, and what they say changes what is shown', async () => {
  const { asked, bases, ask } = world({ app: 'there' });
  const session = sessionOf();
  const unknown = await ask('app', session);
  assert.equal(unknown.digest, undefined);
  assert.equal((JSON.parse(Buffer.from(unknown.config).toString()) as { os: string }).os, 'linux');
  assert.equal(bases.of(session)[0]!.state, 'asking');
  assert.deepEqual(asked, ['app here']);
  const before = bases.generation;
  assert.equal(await bases.settle(session, live), true);
  assert.notEqual(bases.generation, before);
  assert.equal((await ask('app', sessionOf())).digest, digest);
  assert.equal(await bases.settle(session, live), false);
});

test('what nobody knows stays unknown, with the reason, until it is asked for again', async () => {
  const { asked, bases, ask } = world({});
  const session = sessionOf();
  await ask('app', session);
  await bases.settle(session, live);
  assert.deepEqual(bases.of(session), [
    { name: 'app', platform: 'linux/amd64', state: 'unknown', why: 'there is no app' },
  ]);
  await ask('app', session);
  assert.equal(await bases.settle(session, live), false);
  assert.equal(asked.length, 2);
  await bases.retry();
  const again = sessionOf();
  await ask('app', again);
  assert.equal(bases.of(again)[0]!.state, 'asking');
});

test('who gives up waiting leaves an image as unknown as it was', async () => {
  const { bases, ask } = world({});
  const session = sessionOf();
  await ask('app', session);
  const gone = AbortSignal.abort(new Error('another text'));
  await assert.rejects(bases.settle(session, gone));
  assert.equal(bases.of(session)[0]!.state, 'asking');
});
