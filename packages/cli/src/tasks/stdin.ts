import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Mistake } from '../mistake.ts';

/** What came from standard input, in a folder: an unpacked archive, or a Dockerfile by itself. */
export interface Spooled {
  readonly kind: 'archive' | 'dockerfile';
  readonly folder: string;
}

/** Reads standard input into a folder below `scratch`. An archive is told by its first bytes, unless `only` says what it is. */
export async function spoolStdin(stdin: NodeJS.ReadStream, scratch: string, only?: 'dockerfile'): Promise<Spooled> {
  if (stdin.isTTY)
    throw new Mistake('- reads standard input, which is the terminal', 'send a file or an archive into it');
  const folder = join(scratch, 'stdin');
  mkdirSync(folder);
  const chunks = stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const head: Buffer[] = [];
  let size = 0;
  while (size < 512) {
    const { value, done } = await chunks.next();
    if (done) break;
    head.push(value);
    size += value.length;
  }
  const start = Buffer.concat(head);
  const rest = async function* () {
    yield start;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  };
  if (only === undefined && isArchive(start)) {
    const { unpackTar } = await import('@monokit/engine/tar');
    await unpackTar(rest(), folder);
    return { kind: 'archive', folder };
  }
  await writeFile(join(folder, 'Dockerfile'), rest());
  return { kind: 'dockerfile', folder };
}

/** gzip, bzip2, xz, zstd or tar, by their magic bytes. */
function isArchive(start: Buffer): boolean {
  const magics = ['1f8b', '425a68', 'fd377a585a00', '28b52ffd'];
  return (
    magics.some((magic) => start.subarray(0, magic.length / 2).toString('hex') === magic) ||
    start.subarray(257, 262).toString('latin1') === 'ustar'
  );
}
