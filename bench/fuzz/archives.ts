import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Small archives with all kinds of entries, in the formats there are. */
export function archives(): readonly Uint8Array[] {
  const root = mkdtempSync(join(tmpdir(), 'fuzz-seed-'));
  mkdirSync(join(root, 'd/e'), { recursive: true });
  writeFileSync(join(root, 'd/f'), 'text\n');
  writeFileSync(join(root, `d/e/${'long'.repeat(30)}`), '');
  linkSync(join(root, 'd/f'), join(root, 'd/hard'));
  symlinkSync('../../up', join(root, 'd/soft'));
  symlinkSync('/fuzz-escaped', join(root, 'd/abs'));
  const made = ['ustar', 'gnu', 'pax'].flatMap((format) =>
    [[], ['-z']].map((flags) =>
      execFileSync('tar', [
        '-c',
        `--format=${format}`,
        ...flags,
        '-C',
        root,
        ...(format === 'ustar' ? ['d/f', 'd/hard', 'd/soft'] : ['.']),
      ]),
    ),
  );
  rmSync(root, { recursive: true });
  return [...made, new Uint8Array(1024)];
}
