import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeDefinitions } from '../llb/graph.ts';
import * as llb from '../llb/llb.ts';
import type { State } from '../llb/state.ts';
import { copiedTo, type CopiedTo, type ClientPath } from './copied-to.ts';

const context = llb.local('context');

async function where(state: State, path: string, more: Partial<ClientPath> = {}): Promise<CopiedTo> {
  const graph = mergeDefinitions([{ definition: await state.marshal(), folder: () => '/work' }]);
  return copiedTo(graph, 0, { folder: '/work', path, directory: true, ...more });
}

const base = llb.image('busybox');
const contents = { dirContentsOnly: true } as const;

test('a path is where the one step says that copies it, or a folder around it', async () => {
  const state = base.copy(context, '/src', '/app/src/', contents).run('true');
  assert.deepEqual(await where(state, 'src'), { kind: 'at', target: '/app/src' });
  assert.deepEqual(await where(state, 'src/deep/er'), { kind: 'at', target: '/app/src/deep/er' });
  const all = base.copy(context, '/', '/app', contents);
  assert.deepEqual(await where(all, ''), { kind: 'at', target: '/app' });
  assert.deepEqual(await where(all, 'a/b'), { kind: 'at', target: '/app/a/b' });
  const file = { directory: false };
  assert.deepEqual(await where(base.copy(context, '/a/f', '/etc/'), 'a/f', file), { kind: 'at', target: '/etc/f' });
  assert.deepEqual(await where(base.copy(context, '/a/f', '/etc/f'), 'a/f', file), { kind: 'at', target: '/etc/f' });
});

test('what may be somewhere else is not guessed', async () => {
  const reason = async (state: State, path: string, more?: Partial<ClientPath>) => {
    const found = await where(state, path, more);
    return found.kind === 'unclear' ? found.reason : found.target;
  };
  const build = base.copy(context, '/src', '/s', contents);
  assert.equal(await reason(base.copy(build, '/s', '/s'), 'src'), 'is not copied by a step of its own stage');
  const twice = base.copy(context, '/src', '/a', contents).copy(context, '/src', '/b', contents);
  assert.equal(await reason(twice, 'src'), 'is copied to /b and to /a');
  const astray = base.copy(context, '/src', '/a', contents).copy(context, '/src/main', '/bin/start');
  assert.equal(await reason(astray, 'src'), 'is copied to /a, but main in it to /bin/start');
  const within = base.copy(context, '/src/lock', '/a/').copy(context, '/src', '/a', contents);
  assert.equal(await reason(within, 'src'), '/a');
  const file = base.copy(context, '/f', '/app');
  assert.equal(await reason(file, 'f', { directory: false }), 'may be copied to /app, or into it');
  const wild = base.copy(context, '/src/*.ts', '/a/', { allowWildcard: true });
  assert.equal(await reason(wild, 'src'), 'is copied by a wildcard');
  assert.equal(await reason(wild, 'other'), 'is not copied by a step of its own stage');
});
