import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goJson } from './go-json.ts';

test('JSON is escaped and indented as by Go', () => {
  assert.equal(goJson({ a: '<b> & \u2028"' }), '{"a":"\\u003cb\\u003e \\u0026 \\u2028\\""}');
  assert.equal(goJson({ a: [1], b: {}, c: undefined }, { indent: true }), '{\n  "a": [\n    1\n  ],\n  "b": {}\n}');
});
