import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { fileLink, knowsLinks } from './links.ts';
import { memoryStream } from './recorded.fixture.ts';

test('terminals that know links get them, with the line', () => {
  const at = { path: '/src/my app/Dockerfile', line: 14 };
  const on = { stream: memoryStream({ isTTY: true }), env: { TERM: 'xterm-kitty' } };
  assert.equal(
    fileLink('Dockerfile:14', at, on),
    `\u001b]8;;file://${hostname().toLowerCase()}/src/my%20app/Dockerfile#14\u001b\\Dockerfile:14\u001b]8;;\u001b\\`,
  );
  assert.equal(fileLink('Dockerfile:14', at, { ...on, stream: memoryStream() }), 'Dockerfile:14');
  assert.equal(fileLink('Dockerfile:14', at, { ...on, env: { TERM: 'xterm' } }), 'Dockerfile:14');
});

test('who knows links is told by the environment', () => {
  const known = [{ VTE_VERSION: '6003' }, { TERM_PROGRAM: 'vscode' }, { WT_SESSION: 'x' }, { FORCE_HYPERLINK: '1' }];
  for (const env of known) assert.ok(knowsLinks(env));
  const unknown = [{}, { VTE_VERSION: '4900' }, { TERM: 'dumb', VTE_VERSION: '6003' }, { CI: 'true', WT_SESSION: 'x' }];
  for (const env of [...unknown, { FORCE_HYPERLINK: '0', WT_SESSION: 'x' }]) assert.ok(!knowsLinks(env));
});
