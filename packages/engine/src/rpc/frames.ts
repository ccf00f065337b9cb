// Messages in a stream: one byte that says whether it is compressed (none is), four of length, the message.

import { rpcFailed } from './status.ts';

const headLength = 5;

export function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headLength + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, headLength);
  return frame;
}

/** The messages of a stream. One of more than `limit` bytes is refused before it is read. */
export async function* readFrames(
  stream: AsyncIterable<Uint8Array>,
  { limit }: { readonly limit: number },
): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let have = 0;
  let wanted = headLength;
  for await (const piece of stream) {
    pieces.push(piece);
    have += piece.length;
    while (have >= wanted) {
      const all = pieces.length === 1 ? Buffer.from(pieces[0]!) : Buffer.concat(pieces, have);
      if (wanted === headLength || all.length < wanted) {
        const length = lengthOf(all, limit);
        if (have < headLength + length) {
          [pieces, wanted] = [[all], headLength + length];
          break;
        }
        wanted = headLength + length;
      }
      yield all.subarray(headLength, wanted);
      const rest = all.subarray(wanted);
      [pieces, have, wanted] = [[rest], rest.length, headLength];
    }
  }
  if (have > 0) throw rpcFailed('internal', 'the stream ended in the middle of a message');
}

function lengthOf(frame: Buffer, limit: number): number {
  if (frame[0] !== 0) throw rpcFailed('unimplemented', 'compressed messages are not read here');
  const length = frame.readUInt32BE(1);
  if (length > limit) {
    throw rpcFailed('resource-exhausted', `received message larger than max (${length} vs. ${limit})`);
  }
  return length;
}
