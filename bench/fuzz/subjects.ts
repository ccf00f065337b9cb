// What is fuzzed: a function of bytes that may refuse them in a sentence of its own, and must do nothing else.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackTar } from '@monokit/engine/tar';
import { isMistake } from '../../packages/engine/src/frontend/dockerfile/failure.ts';
import { expand, expandWords } from '../../packages/engine/src/frontend/dockerfile/words.ts';
import { unpack } from '../../packages/engine/src/ops/file/unpack.ts';
import { bytePath } from '../../packages/engine/src/std/byte-path.ts';
import { Failed } from '../../packages/engine/src/std/failed.ts';
import { readIgnoreFile } from '../../packages/engine/src/std/ignore-file.ts';
import { PatternMatcher } from '../../packages/engine/src/std/patterns.ts';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { cases, convertText, fakeBridge } from '../../test/dockerfile/fixture.ts';
import { archives } from './archives.ts';

export interface Subject {
  /** What to begin with. */
  readonly seeds: () => readonly Uint8Array[];
  /** Pieces that mutations put in. */
  readonly words: readonly string[];
  /** Throws only what is a bug. */
  readonly run: (input: Uint8Array) => Promise<void> | void;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (input: Uint8Array) => new TextDecoder().decode(input);

/** Failures that people are told are what should happen; anything else is a bug. */
async function refusing(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    if (!error.message) throw new Error('a failure without words', { cause: error });
  }
}

const caseFiles = (pattern: RegExp) =>
  readdirSync(cases).flatMap((name) =>
    readdirSync(join(cases, name), { recursive: true })
      .map((file) => join(cases, name, String(file)))
      .filter((path) => pattern.test(path))
      .map((path) => readFileSync(path)),
  );

const dockerfile: Subject = {
  seeds: () => [...caseFiles(/\/Dockerfile$/), bytes('')],
  words: [
    ...['FROM', 'RUN', 'COPY', 'ADD', 'ENV', 'ARG', 'LABEL', 'ONBUILD', 'HEALTHCHECK', 'EXPOSE', 'USER', 'WORKDIR'],
    ...['VOLUME', 'SHELL', 'STOPSIGNAL', 'MAINTAINER', 'CMD', 'ENTRYPOINT', 'NONE', 'AS', 'scratch', 'busybox'],
    ...['--mount=', '--from=', '--chown=', '--chmod=', '--link', '--parents', '--exclude=', '--platform=', '--device='],
    ...['--checksum=', '--keep-git-dir', '--unpack', '--network=', '--security=', '--interval=', '--retries=', '--'],
    ...['type=cache,', 'target=/x,', 'source=', 'id=', 'sharing=locked', 'required', 'size=1k', 'mode=0755', 'env=A'],
    ...[
      '<<EOF',
      '<<-EOF',
      '<<"EOF"',
      '\nEOF\n',
      '${A:-b}',
      '${A//b/c}',
      '${A##*}',
      '${',
      '}',
      '$A',
      '\\\n',
      '\n',
      '\r\n',
    ],
    ...[
      '# escape=`\n',
      '# syntax=x\n',
      '# check=skip=all\n',
      '["a"]',
      '[',
      ']',
      '"',
      "'",
      '`',
      '=',
      ':',
      '/',
      '/./',
      '*',
    ],
    ...[
      'https://h/x.git?ref=a#b:c',
      'git@h:x',
      'sha256:',
      '%zz',
      '\ufeff',
      '\0',
      '\t',
      '\u{1F600}',
      '0777',
      '-1',
      '1s',
    ],
  ],
  run: async (input) => {
    const files = { Dockerfile: input, '.dockerignore': input };
    for (const requestid of [undefined, 'frontend.lint', 'frontend.outline', 'frontend.targets']) {
      await refusing(() => convertText('', requestid === undefined ? {} : { requestid }, fakeBridge(files)));
    }
  },
};

const variables = new Map(Object.entries({ A: 'a b', B: '', C: '/x/y.tar.gz', D: 'a*b?c\\d', E: 'äöü\n\u{1F600}' }));

const words: Subject = {
  seeds: () =>
    [
      'a$A',
      '${A:-x}',
      '${B:+${C}}',
      '\'$A\' "$A"',
      '${C##*/}',
      '${C%.*}',
      '${D//\\*/x}',
      '\\$A',
      '$$',
      '${A',
      'a\\ b',
    ].map(bytes),
  words: [
    '${',
    '}',
    '$A',
    ':-',
    ':+',
    ':?',
    '##',
    '%%',
    '//',
    '/',
    '*',
    '?',
    '\\',
    '"',
    "'",
    '`',
    '[',
    ']',
    ' ',
    'E',
    'D',
  ],
  run: (input) => {
    const text = textOf(input);
    for (const escape of ['\\', '`']) {
      for (const options of [{}, { keepQuotes: true, keepUnset: true }, { plainQuotes: true }, { keepEscapes: true }]) {
        try {
          const whole = expand(text, variables, { escape, ...options });
          if (whole.text.length > 40 * text.length + 4000) throw new Error('a word that grew without reason');
          expandWords(text, variables, { escape, ...options });
        } catch (error) {
          if (!isMistake(error)) throw error;
        }
      }
    }
  },
};

const ignore: Subject = {
  seeds: () => [
    ...caseFiles(/\.dockerignore$/),
    bytes('a/**/b\n!a/c\n**/*.x?\n[a-z]\\*\n#c\n\na/b/c.xy'),
    bytes('**\n!keep/**\nkeep/a/b'),
  ],
  words: [
    '**',
    '*',
    '?',
    '/',
    '!',
    '[',
    ']',
    '[^a]',
    '\\',
    '\n',
    '#',
    '.',
    '..',
    './',
    'a',
    'b',
    ' ',
    '\r\n',
    '\ufeff',
  ],
  run: (input) => {
    // The last line is a path, all above are patterns.
    const text = textOf(input);
    const cut = text.lastIndexOf('\n');
    let matcher: PatternMatcher;
    try {
      matcher = new PatternMatcher(readIgnoreFile(text.slice(0, Math.max(0, cut))));
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError || !(error instanceof Error)) throw error;
      return;
    }
    const path = text.slice(cut + 1).replaceAll('\0', '');
    if (path !== '') matcher.matches(path);
  },
};

const tar: Subject = {
  seeds: archives,
  words: [
    '../',
    '/',
    './',
    'ustar\0',
    '0',
    '1',
    '2',
    '5',
    'x',
    'g',
    'L',
    '\0',
    '27 path=../../x\n',
    '19 size=1000000\n',
    '7777',
  ],
  run: async (input) => {
    await using temp = makeTempFolder({ prefix: 'fuzz-tar-' });
    const [plain, added, beside] = ['plain', 'added', 'beside'].map((name) => join(temp.path, name));
    for (const folder of [plain!, added!, beside!]) mkdirSync(folder);
    writeFileSync(join(beside!, 'canary'), '1');
    const archive = join(temp.path, 'archive');
    writeFileSync(archive, input);
    const folders = { mode: 0o755, time: 0n };
    const options = { owner: undefined, folders, signal: new AbortController().signal };
    await refusing(() => unpack(bytePath(archive), bytePath(added!), options));
    const chunks = async function* () {
      yield input;
    };
    await unpackTar(chunks(), plain!).catch((error: unknown) => {
      // The library's own words; a TypeError would be nobody's.
      if (error instanceof TypeError || error instanceof RangeError) throw error;
    });
    const there = readdirSync(temp.path).sort().join();
    if (there !== 'added,archive,beside,plain') throw new Error(`an archive made something beside itself: ${there}`);
    if (readFileSync(join(beside!, 'canary'), 'utf8') !== '1' || existsSync('/fuzz-escaped')) {
      rmSync('/fuzz-escaped', { force: true, recursive: true });
      throw new Error('an archive wrote outside of where it is unpacked');
    }
  },
};

export const subjects = { dockerfile, words, ignore, tar } satisfies Readonly<Record<string, Subject>>;
export type SubjectName = keyof typeof subjects;
