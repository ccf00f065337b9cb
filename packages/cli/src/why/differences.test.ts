import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ManifestEntry } from '@monokit/engine';
import type { Components } from './components.ts';
import { differencesOf } from './differences.ts';
import { chain, image, step } from './made.fixture.ts';

const lists = new Map<string, readonly ManifestEntry[]>();
/** A list of files, by its name. */
function list(name: string, files: Readonly<Record<string, string>>): string {
  const entries = Object.entries(files).map(([path, digest]): ManifestEntry => ({
    path,
    kind: 'file',
    mode: 0o644,
    digest: digest.padEnd(16, '0'),
  }));
  lists.set(name, entries);
  return name;
}

function causes(before: Components, after: Components): readonly string[] {
  return differencesOf(before, after, (name) => lists.get(name)).flatMap((each) =>
    each.causes.map(({ what, how, from, step }) =>
      [what, how, from && `(${from})`, step === undefined ? '' : `@${each.steps[step]!.text ?? each.steps[step]!.name}`]
        .filter(Boolean)
        .join(' '),
    ),
  );
}

const folder = (ignored: readonly string[] = []) => ({
  ...step('', { name: '[internal] load build context', kind: 'source', own: ignored.join() }),
  parts: { source: 'local:///src', 'local.excludepatterns': JSON.stringify(ignored) },
});
const from = (digest: string) =>
  step('FROM busybox', { own: digest, parts: { image: 'docker.io/library/busybox', digest } });
const run = (text: string, env: Readonly<Record<string, string>> = {}, more = {}) => {
  const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [`env ${name}`, value]));
  const parts = { command: text.slice(4), ...variables, ...more };
  return step(text, { own: JSON.stringify(parts), parts });
};
const copy = (text: string, content: string, name: string, path = '') =>
  step(text, { inputs: [1, 0], parts: { 'copy /': 'to /' }, reads: [{ folder: 0, path, content, list: name }] });

test('nothing differs between equal runs', () => {
  const one = image(chain(from('1'), run('RUN make')));
  assert.deepEqual(causes(one, one), []);
});

test('files, by what became of them', () => {
  const before = image([folder(), from('1'), copy('COPY . /', '1', list('l1', { a: '3f2a', b: '1', c: '1' }), 'api')]);
  const after = image([folder(), from('1'), copy('COPY . /', '2', list('l2', { a: '9c01', b: '1', d: '1' }), 'api')]);
  assert.deepEqual(causes(before, after), [
    'api/a content 3f2a→9c01 @COPY . /',
    'api/c removed @COPY . /',
    'api/d added @COPY . /',
  ]);
  const gone = image([folder(), from('1'), copy('COPY . /', '3', 'nobody kept it')]);
  assert.deepEqual(causes(before, gone), ['files of the context 1→3 @COPY . /']);
});

test('the ignore file counts by what it lets in and out, beside what really changed', () => {
  const before = image([folder(['*.md']), from('1'), copy('COPY . /', '1', list('i1', { a: '1', b: '1' }))]);
  const after = image([folder(['b']), from('1'), copy('COPY . /', '2', list('i2', { a: '2', 'x.md': '1' }))]);
  assert.deepEqual(causes(before, after), [
    'a content 1000→2000 @COPY . /',
    'b ignored now (ignore file) @COPY . /',
    'x.md no longer ignored (ignore file) @COPY . /',
  ]);
});

test('an ignored file would have spared a copy of all, where it is all that differs', () => {
  const before = image([folder(), from('1'), copy('COPY . /', '1', list('h1', { a: '1', b: '1' }))]);
  const [one] = differencesOf(
    before,
    image([folder(), from('1'), copy('COPY . /', '2', list('h2', { a: '1', b: '2' }))]),
    (name) => lists.get(name),
  );
  assert.equal(one!.causes[0]!.hint, 'b were ignored: COPY . / takes all that is in the context');
  const [two] = differencesOf(
    before,
    image([folder(), from('1'), copy('COPY . /', '3', list('h3', { a: '2', b: '2' }))]),
    (name) => lists.get(name),
  );
  assert.deepEqual(
    two!.causes.map(({ hint }) => hint),
    [undefined, undefined],
  );
});

test('variables: a given argument, a default, a declared variable, one that a word is made of', () => {
  const file = 'FROM busybox\nARG V=1\nENV E=1\n';
  const make = (v: string, e: string, options: Parameters<typeof image>[1] = {}) =>
    image(chain(from('1'), run('RUN make', { V: v, E: e })), { dockerfile: file, ...options });
  const given = (v: string) => make(v, '1', { asked: { 'build-arg:V': v } });
  assert.deepEqual(causes(given('1'), given('2')), ['ARG V 1→2 (build argument) @RUN make']);
  const edited = { dockerfile: file.replace('V=1', 'V=2') };
  assert.deepEqual(causes(make('1', '1'), make('2', '1', edited)), ['ARG V 1→2 (Dockerfile:2) @RUN make']);
  const other = { dockerfile: file.replace('E=1', 'E=2') };
  assert.deepEqual(causes(make('1', '1'), make('1', '2', other)), ['ENV E 1→2 (Dockerfile:3) @RUN make']);
  const copied = (v: string) =>
    image(chain(from('1'), step('COPY $V.txt /', { own: v, parts: { [`copy /${v}.txt`]: 'to /' } })), {
      dockerfile: file,
      asked: { 'build-arg:V': v },
    });
  assert.deepEqual(causes(copied('1'), copied('2')), ['ARG V 1→2 (build argument) @COPY $V.txt /']);
});

test('a variable that many steps see is one cause, at the first', () => {
  const make = (v: string) =>
    image(chain(from('1'), run('RUN one', { V: v }), run('RUN two', { V: v })), { asked: { 'build-arg:V': v } });
  assert.deepEqual(causes(make('1'), make('2')), ['ARG V 1→2 (build argument) @RUN one']);
});

test('base images: another digest, another name, and what they bring along', () => {
  const make = (digest: string, path: string) =>
    image(chain(from(digest), run('RUN make', { PATH: path })), { config: { 'env PATH': path } });
  assert.deepEqual(causes(make('sha256:1', '/bin'), make('sha256:2', '/sbin')), [
    'base image busybox 1→2 @FROM busybox',
  ]);
  const named = (name: string) => image(chain(step('FROM $BASE', { own: name, parts: { image: name } })));
  assert.deepEqual(causes(named('docker.io/library/a'), named('docker.io/library/b')), ['base image a→b @FROM $BASE']);
});

test('instructions: edited, added, removed, and a comment that is none', () => {
  const make = (...texts: readonly string[]) => image(chain(from('1'), ...texts.map((text) => run(text))));
  assert.deepEqual(causes(make('RUN a', 'RUN b'), make('RUN c', 'RUN b')), ['Dockerfile:1 was RUN a @RUN c']);
  assert.deepEqual(causes(make('RUN b'), make('RUN a', 'RUN b')), ['Dockerfile:1 added @RUN a']);
  assert.deepEqual(causes(make('RUN a', 'RUN b'), make('RUN b')), ['Dockerfile removed: RUN a @RUN b']);
  assert.deepEqual(causes(make('RUN a', 'RUN b'), make('RUN b', 'RUN a')), ['Dockerfile:1 moved @RUN b']);
  const commented = image(chain(from('1'), { ...run('RUN a'), text: 'RUN \\\n# why\n a' }));
  assert.deepEqual(causes(make('RUN a'), commented), []);
});

test('mounts, and other parts of a step', () => {
  const make = (text: string, more: object) => image(chain(from('1'), { ...run('RUN make', {}, more), text }));
  assert.deepEqual(
    causes(
      make('RUN --mount=type=cache,id=a make', { 'mount /c': 'cache id=a' }),
      make('RUN --mount=type=cache,id=b make', { 'mount /c': 'cache id=b' }),
    ),
    ['mount /c cache id=a→cache id=b @RUN --mount=type=cache,id=b make'],
  );
  assert.deepEqual(causes(make('RUN make', { user: 'root' }), make('RUN make', { user: 'me' })), [
    'user root→me @RUN make',
  ]);
});

test('platform and target are of the whole image', () => {
  const make = (platform: string) =>
    image(chain(from('1'), run('RUN make', { TARGETARCH: platform.slice(6) }, { platform })), { platform });
  assert.deepEqual(causes(make('linux/amd64'), make('linux/arm64')), ['platform linux/amd64→linux/arm64']);
  const staged = (target: string, ...texts: readonly string[]) =>
    image(chain(from('1'), ...texts.map((text) => run(text))), { asked: { target } });
  assert.deepEqual(causes(staged('a', 'RUN a'), staged('b', 'RUN b', 'RUN c')).slice(0, 1), ['target a→b']);
  assert.deepEqual(causes(staged('a', 'RUN a'), staged('b', 'RUN a', 'RUN b')), ['target a→b']);
});

test("an image's config is told where no step shows it", () => {
  const make = (cmd: string) => image(chain(from('1')), { config: { cmd, 'label v': cmd } });
  assert.deepEqual(causes(make('["a"]'), make('["b"]')), ['CMD ["a"]→["b"]', 'label v ["a"]→["b"]']);
});

test('what follows from a difference is touched, and nothing else', () => {
  const make = (second: string) =>
    image([
      from('1'),
      { ...run('RUN one'), inputs: [0] },
      { ...run(second), inputs: [0] },
      { ...run('RUN end'), inputs: [2] },
    ]);
  const [found] = differencesOf(make('RUN a'), make('RUN b'), () => undefined);
  assert.deepEqual([...found!.touched], [2, 3]);
});

test('documents in the Dockerfile are parts of the instructions that use them', () => {
  const document = (own: string) =>
    step('', { name: '[internal] preparing inline document', kind: 'file', own, parts: { 'file /EOF': own } });
  const make = (line: string) => {
    const { text: _, ...written } = document(line);
    return image([from('1'), written, step(`COPY <<EOF /a\n${line}\nEOF`, { inputs: [0, 1], own: 'copy', parts: {} })]);
  };
  assert.deepEqual(causes(make('one'), make('two')), ['Dockerfile:1 one→two @COPY <<EOF /a\ntwo\nEOF']);
});

test('other sources count by what they were settled to, as far as somebody looked', () => {
  const make = (own: string, pin?: string) =>
    image([
      step('ADD https://host/file /', {
        kind: 'source',
        name: 'https://host/file',
        own,
        parts: { source: 'https://host/file' },
        ...(pin !== undefined && { pin }),
      }),
    ]);
  assert.deepEqual(causes(make('1', 'sha256:aa'), make('2', 'sha256:bb')), [
    'https://host/file aa→bb @ADD https://host/file /',
  ]);
  assert.deepEqual(causes(make('1', 'sha256:aa'), make('vertex')), []);
});
