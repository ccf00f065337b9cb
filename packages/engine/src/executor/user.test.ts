import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookUpUser } from './user.ts';

const passwd = [
  'root:x:0:0:root:/root:/bin/sh',
  '',
  '  www:x:33:34:www:/var/www:/bin/sh  ',
  'www:x:99:99:again:/:/bin/sh',
  'odd:x:none:none::',
].join('\n');
const group = ['root:x:0:', 'users:x:100:www,other', 'audio:x:29:root,www', 'seven:x:7:'].join('\n');
const files = { passwd, group };

test('a name gives its first entry, with the groups that list it', () => {
  assert.deepEqual(lookUpUser('www', files), { uid: 33, gid: 34, groups: [100, 29] });
  assert.deepEqual(lookUpUser('', files), { uid: 0, gid: 0, groups: [29] });
});

test('a number is a user id first, and needs no entry', () => {
  assert.deepEqual(lookUpUser('33', files), { uid: 33, gid: 34, groups: [100, 29] });
  assert.deepEqual(lookUpUser('1234', files), { uid: 1234, gid: 0, groups: [] });
  assert.deepEqual(lookUpUser('1234', { passwd: undefined, group: undefined }), { uid: 1234, gid: 0, groups: [] });
  assert.deepEqual(lookUpUser('', { passwd: undefined, group: undefined }), { uid: 0, gid: 0, groups: [] });
});

test('with a group that is said there are no others', () => {
  assert.deepEqual(lookUpUser('www:users', files), { uid: 33, gid: 100, groups: [] });
  assert.deepEqual(lookUpUser('www:55', files), { uid: 33, gid: 55, groups: [] });
  assert.deepEqual(lookUpUser('5:seven', files), { uid: 5, gid: 7, groups: [] });
  assert.deepEqual(lookUpUser(':users', files), { uid: 0, gid: 100, groups: [] });
});

test('what cannot be found or be an id is said', () => {
  const message = (text: string) => ({ name: 'Failed', message: text });
  assert.throws(
    () => lookUpUser('ghost', files),
    message('unable to find user ghost: no matching entries in passwd file'),
  );
  assert.throws(
    () => lookUpUser('www:no', files),
    message('unable to find group no: no matching entries in group file'),
  );
  assert.throws(() => lookUpUser('9999999999', files), message('uids and gids must be in range 0-2147483647'));
});

test('a field that is no number counts as 0', () => {
  assert.deepEqual(lookUpUser('odd', files), { uid: 0, gid: 0, groups: [] });
});
