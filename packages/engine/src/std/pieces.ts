/** The bytes in pieces of exactly `size`, but for the last. */
export async function* piecesOf(bytes: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (let piece of bytes) {
    while (length + piece.length >= size) {
      yield Buffer.concat([...held, piece.subarray(0, size - length)]);
      piece = piece.subarray(size - length);
      [held, length] = [[], 0];
    }
    if (piece.length) held.push(piece);
    length += piece.length;
  }
  if (length) yield Buffer.concat(held);
}
