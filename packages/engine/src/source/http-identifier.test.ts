import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../oci/digest.ts';
import { httpFilename, readHttpIdentifier } from './http-identifier.ts';

const vertex = digestOf('the vertex that asks');

test('names of files come from the request, the answer or the URL, and are always safe', () => {
  const name = (url: string, disposition?: string, filename?: string) =>
    httpFilename(
      readHttpIdentifier({ scheme: 'http', name: url, attrs: filename ? { 'http.filename': filename } : {}, vertex }),
      disposition,
    );
  assert.equal(name('h/a%20b.txt?x'), 'a b.txt');
  assert.equal(name('h/'), 'download');
  assert.equal(name('h/a', 'attachment; filename="b/c.tgz"'), 'c.tgz');
  assert.equal(name('h/a', "attachment; filename*=UTF-8''d%2fe"), 'e');
  assert.equal(name('h/a', 'attachment; filename=".."'), 'download');
  assert.equal(name('h/a', 'inline'), 'a');
  assert.equal(name('h/%00'), 'download');
  assert.equal(name('h/a', undefined, '/etc/passwd'), 'passwd');
});
