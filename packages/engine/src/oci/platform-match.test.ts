import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from './digest.ts';
import { bestManifest, compatiblePlatforms } from './platform-match.ts';
import { formatPlatform, parsePlatform } from './platform.ts';

test('what runs on a platform is told best first, as containerd orders it', () => {
  const table: Record<string, string[]> = {
    'linux/amd64': ['linux/amd64', 'linux/386'],
    'linux/amd64/v3': ['linux/amd64/v3', 'linux/amd64/v2', 'linux/amd64/v1', 'linux/386'],
    'linux/arm/v7': ['linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'],
    'linux/arm/v5': ['linux/arm/v5'],
    'linux/arm64': ['linux/arm64/v8', 'linux/arm/v8', 'linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'],
    'linux/riscv64': ['linux/riscv64'],
  };
  for (const [wanted, expected] of Object.entries(table)) {
    assert.deepEqual(compatiblePlatforms(parsePlatform(wanted)).map(formatPlatform), expected, wanted);
  }
  assert.deepEqual(compatiblePlatforms(parsePlatform('linux/arm64/v9.1')).map(formatPlatform).slice(0, 4), [
    'linux/arm64/v9.1',
    'linux/arm64/v9',
    'linux/arm64/v8.6',
    'linux/arm64/v8.5',
  ]);
});

test('of an index the best entry is taken, and one without platform only where no other fits', () => {
  const entry = (platform?: string) => ({
    mediaType: 'm',
    digest: digestOf(platform ?? 'none'),
    size: 1,
    ...(platform && { platform: parsePlatform(platform) }),
  });
  const manifests = [entry(), entry('linux/386'), entry('linux/amd64'), entry('linux/arm64')];
  const best = (platform: string) => bestManifest(manifests, parsePlatform(platform))?.digest;
  assert.equal(best('linux/amd64'), digestOf('linux/amd64'));
  assert.equal(best('linux/arm64/v8'), digestOf('linux/arm64'));
  assert.equal(best('linux/s390x'), digestOf('none'));
  assert.equal(bestManifest(manifests.slice(1), parsePlatform('linux/s390x')), undefined);
});
