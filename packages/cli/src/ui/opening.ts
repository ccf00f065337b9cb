// The first word on a terminal, before anything that takes time is even loaded: imports nothing of ours.

import { styleText } from 'node:util';

/** Says on the terminal that something happens, until something else is written to one of the streams. */
export function sayUntilWritten(text: string, streams: readonly NodeJS.WriteStream[]): Disposable {
  const [first] = streams;
  const originals = streams.map((stream) => [stream, stream.write] as const);
  let said = true;
  const unsay = () => {
    if (!said) return;
    said = false;
    for (const [stream, write] of originals) stream.write = write;
    first!.write('\r\u001b[K');
  };
  first!.write(styleText('dim', text, { stream: first! }));
  for (const [stream, write] of originals) {
    stream.write = ((...args: Parameters<typeof write>) => {
      unsay();
      return write.apply(stream, args);
    }) as typeof write;
  }
  return { [Symbol.dispose]: unsay };
}
