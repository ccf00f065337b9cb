import { open } from 'node:fs/promises';
import { collectYoungGarbage } from '../std/young-garbage.ts';

/** A file's bytes in order. The next piece is read while one is in use; pieces that were used don't gather in memory. */
export async function* fileBytes(
  path: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  const read = () => {
    const reading = file.read(Buffer.allocUnsafeSlow(pieceSize), 0, pieceSize, null);
    reading.catch(() => {}); // it is awaited below
    return reading;
  };
  let next = read();
  try {
    for (let garbage = 0; ; garbage += pieceSize) {
      const { buffer, bytesRead } = await next;
      signal?.throwIfAborted();
      if (bytesRead === 0) return;
      next = read();
      yield buffer.subarray(0, bytesRead);
      if (garbage < mostGarbage) continue;
      garbage = 0;
      collectYoungGarbage();
    }
  } finally {
    await next.catch(() => {});
    await file.close();
  }
}

const pieceSize = 256 << 10;
const mostGarbage = 16 << 20;
