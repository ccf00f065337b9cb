import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heading } from './heading.ts';
import { emptyModel } from './model.ts';
import { began, built } from './recorded.fixture.ts';
import { reduce } from './reduce.ts';
import type { About } from './renderer.ts';

const about: About = { version: '1.2.3', config: 'buildkit.config.ts', platforms: ['linux/amd64'] };

function titleIn(columns: number, told: About | undefined = about): string {
  const model = emptyModel({ ids: ['api', 'web'], startedAt: began, folders: new Map() });
  const heading = new Heading();
  const lines = built.flatMap((event) =>
    heading.after(event, reduce(model, event), { columns, ...(told && { about: told }) }),
  );
  assert.equal(lines.length, 1);
  return lines[0]!;
}

test('the first line says who builds what for whom, and leaves out from its beginning what has no room', () => {
  const whole = 'monokit 1.2.3 · buildkit.config.ts · 2 images, 1 stage, 4 steps (2 shared) · linux/amd64';
  assert.equal(titleIn(whole.length), whole);
  assert.equal(titleIn(whole.length - 1), whole.slice('monokit 1.2.3 · '.length));
  assert.equal(titleIn(60), '2 images, 1 stage, 4 steps (2 shared) · linux/amd64');
  assert.equal(titleIn(40), '2 images, 1 stage, 4 steps (2 shared)');
  assert.equal(titleIn(20), '2 images, 1 stage, …');
});

test('several platforms are named, many are counted', () => {
  const on = (platforms: readonly string[]) => titleIn(200, { version: '1.2.3', platforms }).split(' · ').at(-1);
  assert.equal(on(['linux/amd64', 'linux/arm64']), 'linux/amd64, linux/arm64');
  assert.equal(on(['linux/amd64', 'linux/arm64', 'linux/riscv64']), '3 platforms');
});
