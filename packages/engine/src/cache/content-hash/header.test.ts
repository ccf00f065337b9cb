import assert from 'node:assert/strict';
import { test } from 'node:test';
import { header, type HeaderFields } from './header.ts';

const fields: HeaderFields = { kind: 'file', mode: 0o4755, uid: 1, gid: 2, size: 3 };
const text = (changes: Partial<HeaderFields>) => header({ ...fields, ...changes }).toString('latin1');

test('a header is tarsum’s, without names and times', () => {
  const plain = 'namemode2541uid1gid2size3typeflag0linknameunamegnamedevmajor0devminor0';
  assert.equal(text({}), plain);
  assert.equal(text({ kind: 'directory' }), plain.replace('size3typeflag0', 'size0typeflag5'));
  assert.equal(text({ kind: 'socket' }), plain.replace('size3', 'size0'));
  assert.equal(
    text({ kind: 'symlink', target: '\xc3\xbc' }),
    'namemode511uid1gid2size0typeflag2linkname\xc3\xbcunamegnamedevmajor0devminor0',
  );
  const device = { major: 1, minor: 3 };
  assert.match(text({ kind: 'character', device }), /typeflag3.*devmajor1devminor3$/);
});

test('attributes count in the order of their names, but for those of the system', () => {
  const xattrs = [
    'user.b',
    'security.selinux',
    'system.posix_acl_access',
    'security.capability',
    'user.a',
    'trusted.x',
  ].map((name) => ({ name, value: Buffer.from([0xff, 0]) }));
  const end = '\xff\0';
  assert.ok(text({ xattrs }).endsWith(`devminor0security.capability${end}trusted.x${end}user.a${end}user.b${end}`));
});
