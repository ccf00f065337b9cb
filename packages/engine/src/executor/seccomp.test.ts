import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sandboxCapabilities } from './capabilities.ts';
import { seccompProfile } from './seccomp.ts';

const rulesFor = (name: string, architecture = 'amd64', capabilities: readonly string[] = sandboxCapabilities) =>
  seccompProfile(architecture, capabilities)
    .syscalls.filter(({ names }) => names.includes(name))
    .map(({ action, errnoRet, args }) => ({
      action,
      ...(errnoRet && { errnoRet }),
      ...(args && { args: args.map(({ index, op, value }) => `${index} ${op} ${value}`) }),
    }));

const allowed = { action: 'SCMP_ACT_ALLOW' };

test('what no rule allows fails with EPERM', () => {
  const profile = seccompProfile('amd64', sandboxCapabilities);
  assert.deepEqual([profile.defaultAction, profile.defaultErrnoRet], ['SCMP_ACT_ERRNO', 1]);
  assert.deepEqual(rulesFor('mount'), []);
  assert.deepEqual(rulesFor('keyctl'), []);
  assert.deepEqual(rulesFor('read'), [allowed]);
  assert.equal(profile.syscalls[0]?.names.length, 361);
});

test('sockets are allowed but for AF_ALG and AF_VSOCK', () => {
  assert.deepEqual(
    rulesFor('socket').map(({ args }) => args?.[0]),
    ['0 SCMP_CMP_LT 38', '0 SCMP_CMP_EQ 39', '0 SCMP_CMP_GT 40'],
  );
});

test('a new process may not have namespaces of its own, and clone3 seems not to exist', () => {
  assert.deepEqual(rulesFor('clone'), [{ ...allowed, args: ['0 SCMP_CMP_MASKED_EQ 2114060288'] }]);
  assert.deepEqual(rulesFor('clone', 's390x'), [{ ...allowed, args: ['1 SCMP_CMP_MASKED_EQ 2114060288'] }]);
  assert.deepEqual(rulesFor('clone3'), [{ action: 'SCMP_ACT_ERRNO', errnoRet: 38 }]);
  assert.deepEqual(rulesFor('clone', 'amd64', ['CAP_SYS_ADMIN']), [allowed]);
  assert.deepEqual(rulesFor('clone3', 'amd64', ['CAP_SYS_ADMIN']), [allowed]);
});

test('five personalities are allowed', () => {
  assert.deepEqual(
    rulesFor('personality').map(({ args }) => args?.[0]?.split(' ').at(-1)),
    ['0', '8', '131072', '131080', '4294967295'],
  );
});

test('rules depend on architecture and capabilities', () => {
  assert.deepEqual(rulesFor('arch_prctl'), [allowed]);
  assert.deepEqual(rulesFor('arch_prctl', 'arm64'), []);
  assert.deepEqual(rulesFor('modify_ldt', '386'), [allowed]);
  assert.deepEqual(rulesFor('chroot'), [allowed]);
  assert.deepEqual(rulesFor('chroot', 'amd64', []), []);
  assert.deepEqual(seccompProfile('arm64', []).architectures, ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
});
