import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { bytes, int64, message, string } from '../proto/message.ts';
import { Failed } from '../std/failed.ts';
import { openRpcClient } from './client.ts';
import type { RpcFailure } from './failure.ts';
import { maxMessage } from './limits.ts';
import { served, serveRpc } from './server.ts';
import { bidi, unary, type Handlers } from './service.ts';
import { rpcFailed } from './status.ts';

const text = message({ text: [1, string], at: [2, int64] });
const blob = message({ data: [1, bytes] });
const echo = {
  name: 'test.Echo',
  methods: { say: unary('Say', text, text), weigh: unary('Weigh', blob, text), talk: bidi('Talk', text, text) },
};
const other = { name: 'test.Echo', methods: { missing: unary('Missing', text, text) } };

function connect(handlers: Partial<Handlers<typeof echo>>) {
  const [near, far] = duplexPair();
  const never = () => Promise.reject(new Error('not part of this test'));
  const talk: Handlers<typeof echo>['talk'] = async function* (said) {
    for await (const { text } of said) yield { text: `${text}!` };
  };
  const server = serveRpc(far, [served(echo, { say: never, weigh: never, talk, ...handlers })]);
  const client = openRpcClient(near);
  return {
    server,
    calls: client.of(echo),
    others: client.of(other),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const failure = (check: Partial<RpcFailure>) => (error: unknown) => {
  assert.ok(error instanceof Failed);
  for (const [key, value] of Object.entries(check)) assert.deepEqual((error.failure as never)[key], value);
  return true;
};

test('a call is answered, and many at a time are', async () => {
  await using pair = connect({ say: async ({ text, at }) => ({ text: text.toUpperCase(), at: at + 1 }) });
  const answers = await Promise.all(Array.from({ length: 100 }, (_, at) => pair.calls.say({ text: `ü${at}`, at })));
  assert.deepEqual(
    answers,
    answers.map((_, at) => ({ text: `Ü${at}`, at: at + 1 })),
  );
});

test('a failure arrives with its code, its text in any script, and its details', async () => {
  const details = [{ type: 'example/Detail', value: Uint8Array.of(1, 2, 255) }];
  await using pair = connect({
    say: async ({ text }) => {
      if (text === 'plain') throw new Error('an error\nof 2 lines: 100%');
      throw rpcFailed('not-found', `there is no ${text} — nowhere`, { details });
    },
  });
  await assert.rejects(
    pair.calls.say({ text: 'Käse' }),
    failure({ code: 'not-found', message: 'there is no Käse — nowhere', details }),
  );
  await assert.rejects(
    pair.calls.say({ text: 'plain' }),
    failure({ code: 'unknown', message: 'an error\nof 2 lines: 100%' }),
  );
  await assert.rejects(pair.others.missing({}), failure({ code: 'unimplemented' }));
});

test('messages of megabytes go through, and those over the limit are refused on either side', async () => {
  await using pair = connect({ weigh: async ({ data }) => ({ at: data.length }) });
  const size = maxMessage - 100;
  assert.equal((await pair.calls.weigh({ data: new Uint8Array(size).fill(7) })).at, size);
  await assert.rejects(
    pair.calls.weigh({ data: new Uint8Array(maxMessage + 1) }),
    failure({ code: 'resource-exhausted' }),
  );
  assert.equal((await pair.calls.weigh({ data: Uint8Array.of(1) })).at, 1, 'the connection outlives that');
});

test('both sides of a stream talk at once, and either may end', async () => {
  await using pair = connect({});
  const { promise: heard, resolve: goOn } = Promise.withResolvers<void>();
  const said: string[] = [];
  const talk = pair.calls.talk(
    (async function* () {
      yield { text: 'one' };
      await heard; // said before the other message is sent
      yield { text: 'two' };
    })(),
  );
  for await (const { text } of talk) {
    said.push(text);
    goOn();
  }
  assert.deepEqual(said, ['one!', 'two!']);
});

test('a caller that gives up ends the call at the other side too', async () => {
  const gone = Promise.withResolvers<unknown>();
  const begun = Promise.withResolvers<void>();
  await using pair = connect({
    say: (_, { signal }) => {
      begun.resolve();
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => (gone.resolve(signal.reason), reject(signal.reason)));
      });
    },
  });
  const stop = new AbortController();
  const call = pair.calls.say({ text: 'x' }, { signal: stop.signal });
  const reason = new Error('enough');
  await begun.promise;
  stop.abort(reason);
  await assert.rejects(call, (error) => error === reason);
  assert.match(String(await gone.promise), /gave the call up/);
});

test('a connection that breaks fails the calls on it', async () => {
  const [near, far] = duplexPair();
  const calls = openRpcClient(near).of(echo);
  const call = calls.say({ text: 'x' });
  far.resume();
  far.destroy();
  near.destroy();
  await assert.rejects(call, failure({ code: 'unavailable' }));
});
