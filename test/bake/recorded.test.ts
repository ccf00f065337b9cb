// Bake and compose files whose meaning was recorded with `docker buildx bake --print` and `--list`.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import { bakeFlags, imageFlags, workFlags } from '../../packages/cli/src/flags/build.ts';
import { parseFlags } from '../../packages/cli/src/flags/flags.ts';
import { listDefinitions } from '../../packages/cli/src/print/list-definitions.ts';
import { printTargets } from '../../packages/cli/src/print/print-targets.ts';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';

interface Recorded {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly asked: readonly { readonly args: readonly string[]; readonly printed: Printed }[];
  readonly variables: readonly unknown[];
  readonly targets: readonly unknown[];
}

interface Printed {
  readonly group: Readonly<Record<string, { readonly targets: readonly string[] }>>;
  readonly target: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const recorded = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as readonly Recorded[];

for (const { name, files, env, asked, variables, targets } of recorded) {
  test(`buildx and we agree about ${name}`, async () => {
    await using folder = await makeTempFolder();
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder.path, file)), { recursive: true });
      writeFileSync(join(folder.path, file), text);
    }
    const ask = async (argv: readonly string[]): Promise<unknown> => {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const { given, positionals } = parseFlags(argv, { ...imageFlags, ...bakeFlags, ...workFlags }, {});
      const invocation = {
        words: [],
        flags: given,
        positionals,
        cwd: folder.path,
        env: { ...env, MONOKIT_CACHE_DIR: join(folder.path, '.cache') },
        signal: AbortSignal.timeout(60_000),
        stdin: process.stdin,
        stdout: stdout as unknown as NodeJS.WriteStream,
        stderr: stderr as unknown as NodeJS.WriteStream,
      };
      try {
        if (given.list === undefined) await printTargets(invocation);
        else await listDefinitions(invocation, given.list);
      } catch (error) {
        throw new Error(String(stderr.read() ?? ''), { cause: error });
      }
      return JSON.parse(String(stdout.read())) as unknown;
    };
    for (const { args, printed } of asked)
      assert.deepEqual(comparable((await ask(['--print', ...args])) as Printed), comparable(printed), args.join(' '));
    assert.deepEqual(await ask(['--list', 'type=variables,format=json']), variables);
    assert.deepEqual(await ask(['--list', 'type=targets,format=json']), targets);
  });
}

/** Sizes as bytes, as what is written 128m or 128MiB is one size; members and limits in order, as buildx has those of a matrix and of a service in none. */
function comparable(printed: Printed): unknown {
  const sizes: Readonly<Record<string, string>> = { '128MiB': '134217728', '128m': '134217728' };
  const target = Object.entries(printed.target).map(([id, keys]) => {
    const size = keys['shm-size'];
    const ulimits = keys['ulimits'] as readonly string[] | undefined;
    return [
      id,
      {
        ...keys,
        ...(ulimits && { ulimits: [...ulimits].sort() }),
        ...(typeof size === 'string' && { 'shm-size': sizes[size] ?? size }),
      },
    ];
  });
  const group = Object.entries(printed.group).map(([id, { targets: members, ...rest }]) => [
    id,
    { ...rest, members: [...members].sort() },
  ]);
  return { group: Object.fromEntries(group) as unknown, target: Object.fromEntries(target) as unknown };
}
