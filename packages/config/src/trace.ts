// Follows what a configuration imports, and what decided that an import meant one file and not another.

import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin, registerHooks } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Reads } from './reads.ts';

/** Built-in modules that show nothing of the world. Any other one makes an evaluation impure. */
const pure = new Set(
  'assert assert/strict buffer events path path/posix path/win32 punycode querystring string_decoder url util util/types'.split(
    ' ',
  ),
);

const { cache } = createRequire(import.meta.url);
let generation = 0;
/** URLs of all modules that configurations consist of. */
const traced = new Set<string>();

/**
 * Node remembers CommonJS modules, package.json files and symbolic links for the life of a process. This is what they
 * were when an evaluation first met them; a later evaluation that meets them changed would be stale.
 */
const remembered = new Map<string, string | null>();
/** CommonJS modules, each with all that were loaded in the same evaluation. */
const commonjs = new Map<string, Set<string>>();

export interface Trace extends Disposable {
  /**
   * Imports the entry and the ECMAScript modules that it imports afresh, whatever this process imported before. Rejects
   * if something has changed that Node imports only once.
   */
  load(): Promise<Record<string, unknown>>;
}

/** Prepares to import `entry` (an absolute path); every module in its tree is noted in `reads`. */
export function traceImports(entry: string, reads: Reads): Trace {
  const stamp = `?config=${++generation}`;
  const entryUrl = pathToFileURL(entry).href;
  const tree = new Set([entryUrl]);
  traced.add(entryUrl);
  const before = new Set(Object.keys(cache));
  const together = new Set<string>();
  const met = (path: string) => {
    if (!before.has(path)) return;
    // It will not run again, so neither it nor what it once required will be seen here.
    reads.impure.add(`import of ${path}, which was loaded before`);
    for (const other of commonjs.get(path) ?? []) reads.file(other);
  };
  met(entry);

  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === entryUrl + stamp) return next(specifier, context);
      const parent = plain(context.parentURL);
      // Whatever loads without being a module could be anybody.
      if (parent === undefined) reads.impure.add(`import of ${specifier} by no module`);
      if (parent === undefined || !tree.has(parent)) return next(specifier, context);
      if (isBuiltin(specifier)) {
        if (!pure.has(specifier.replace(/^node:/, ''))) reads.impure.add(`import of ${specifier}`);
        return next(specifier, context);
      }
      const ours = /^@monokit\/[^/]+/.test(specifier);
      noteResolution(reads, { specifier, parent, required: context.conditions.includes('require') });
      // A workspace without node_modules still gets the package that is reading it.
      const found = ours
        ? own(
            () => next(specifier, context),
            () => next(specifier, { ...context, parentURL: import.meta.url }),
          )
        : next(specifier, context);
      const url = plain(found.url)!;
      if (ours) {
        if (!isHarmless(specifier, parent)) reads.impure.add(`import of ${specifier}`);
        return found;
      }
      if (url.startsWith('data:')) tree.add(url);
      if (!url.startsWith('file:')) {
        if (!url.startsWith('data:')) reads.impure.add(`import of ${url}`);
        return found;
      }
      tree.add(url);
      traced.add(url);
      const path = fileURLToPath(url);
      met(path);
      // The stamp makes it another module than that of the same file in an earlier evaluation.
      return context.conditions.includes('require') ? found : { ...found, url: url + stamp };
    },
    load(url, context, next) {
      const file = plain(url)!;
      if (!tree.has(file) || !file.startsWith('file:')) return next(url, context);
      const path = fileURLToPath(file);
      reads.file(path);
      reads.scope(path);
      const loaded = asModule(
        path,
        () => next(url, context),
        (format) => next(url, { ...context, format }),
      );
      if (loaded.format !== 'module' && loaded.format !== 'module-typescript') commonjs.set(path, together.add(path));
      if (loaded.format === 'addon') reads.impure.add(`import of ${path}`);
      return loaded;
    },
  });

  return {
    async load() {
      const module = (await import(entryUrl + stamp)) as Record<string, unknown>;
      refuseStale(reads);
      return module;
    },
    [Symbol.dispose]: () => hooks.deregister(),
  };
}

/** Until disposed, imports by configurations that were loaded before are noted as what can't be looked at again. */
export function noteLateImports(reads: Reads): Disposable {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const parent = plain(context.parentURL);
      if (parent !== undefined && traced.has(parent)) reads.impure.add(`late import of ${specifier}`);
      return next(specifier, context);
    },
  });
  return { [Symbol.dispose]: () => hooks.deregister() };
}

function refuseStale(reads: Reads): void {
  const { files, absent, links } = reads.record();
  const seen: (readonly [kind: string, path: string, now: string | null])[] = [
    ...Object.entries(links).map(([path, now]) => ['link', path, now] as const),
    ...absent.map((path) => ['file', path, null] as const),
  ];
  for (const [path, now] of Object.entries(files)) {
    if (path.endsWith('/package.json') || commonjs.has(path)) seen.push(['file', path, now]);
  }
  for (const [kind, path, now] of seen) {
    const key = `${kind} ${path}`;
    if (!remembered.has(key)) remembered.set(key, now);
    else if (remembered.get(key) !== now)
      throw new Error(`${path} has changed since this process loaded it: start again`);
  }
}

/**
 * Modules' syntax counts for more than a package.json that says `"type": "commonjs"`, as `npm init` writes it: whoever
 * writes `import` in a configuration means it.
 */
function asModule<T extends { readonly format?: string | null | undefined; readonly source?: unknown }>(
  path: string,
  first: () => T,
  as: (format: string) => T,
): T {
  const loaded = first();
  const modules = { commonjs: 'module', 'commonjs-typescript': 'module-typescript' } as const;
  const format = modules[loaded.format as keyof typeof modules];
  if (format === undefined || /\.c[jt]s$/.test(path)) return loaded;
  const text = readFileSync(path, 'utf8');
  return imports.test(text) && !requires.test(text) ? as(format) : loaded;
}

const imports =
  /^[ \t]*(?:import\s(?:[^'"();]*?\sfrom\s*)?['"]|export\s+(?:default|const|let|function|async|class|\{|\*))/m;
const requires = /\b(?:module\.exports|exports\.\w+\s*=|require\s*\()/;

/** What our own packages give that looks at nothing. */
const harmless: ReadonlySet<string> = new Set(['defineConfig', 'llb']);

/**
 * Whether a module that imports one of our packages takes only what looks at nothing: of all else that they have,
 * nobody would see what it reads.
 */
function isHarmless(specifier: string, parent: string): boolean {
  if (/^@monokit\/engine\/(?:llb|oci)\//.test(specifier)) return true;
  if (!parent.startsWith('file:')) return false;
  const text = readFileSync(fileURLToPath(parent), 'utf8');
  const takings = [...text.matchAll(taking)].filter(({ groups }) => groups!['from'] === specifier);
  const mentions = text.split(new RegExp(`['"\`]${specifier}['"\`]`)).length - 1;
  return takings.length === mentions && takings.every(({ groups }) => takesHarmless(groups!));
}

/** `import { … } from '…'`, `const { … } = require('…')` and the like. */
const taking =
  /(?<type>type\s*)?\{(?<names>[^{}]*)\}\s*(?:from|=\s*require\s*\(|=\s*await\s+import\s*\()\s*['"](?<from>[^'"]+)['"]/g;

function takesHarmless({ type, names }: Readonly<Record<string, string | undefined>>): boolean {
  const taken = names!.split(',').map((name) => name.trim().split(/\s*:\s*|\s+as\s+/)[0]!);
  return type !== undefined || taken.every((name) => name === '' || name.startsWith('type ') || harmless.has(name));
}

function plain(url: string | undefined): string | undefined {
  return url?.startsWith('data:') ? url : url?.replace(/[?#].*$/, '');
}

function own<T>(first: () => T, second: () => T): T {
  try {
    return first();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return second();
  }
}

/** What `require` adds to a name in search of a file. */
const requirable = ['', '.js', '.json', '.node', '/package.json', '/index.js', '/index.json'];

/** Notes the files whose presence, absence or content leads from a specifier to one file. */
function noteResolution(
  reads: Reads,
  { specifier, parent, required }: { readonly specifier: string; readonly parent: string; readonly required: boolean },
): void {
  const folder = dirname(fileURLToPath(parent));
  if (/^(\.{0,2}\/|\.{1,2}$|file:)/.test(specifier)) {
    const target = specifier.startsWith('file:')
      ? fileURLToPath(plain(specifier)!)
      : resolve(folder, plain(specifier)!);
    if (!required) reads.link(target);
    else for (const end of requirable) reads.link(target + end);
    return;
  }
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
  if (name === undefined || specifier.startsWith('#')) return; // the nearest package.json decides, and is noted as scope
  for (let at = folder; ; at = dirname(at)) {
    const candidate = join(at, 'node_modules', name);
    if (reads.link(candidate)) {
      const part = specifier.slice(name.length);
      if (required && part !== '') for (const end of requirable) reads.link(candidate + part + end);
      return reads.file(join(candidate, 'package.json'));
    }
    if (at === dirname(at)) return;
  }
}
