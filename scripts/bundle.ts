// Puts a package's modules into few files: Node takes half a millisecond for each file that it imports, and a build that
// is no repetition needs hundreds of modules. What is imported lazily stays in files of its own.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { rolldown, type Plugin } from 'rolldown';

/**
 * The files that several modules go into: those named, with all that they import. A module goes into the first that
 * wants it, so a file imports only from those before it.
 */
const parts: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  cli: {
    // All that a build loads for which nothing has changed. None of it imports node:fs, which takes 10 ms to fill in.
    fresh: ['run', 'fresh/fresh', 'fresh/tell', 'ui/up-to-date'],
    // What reads command lines and tells of commands is not to wait for what builds.
    words: ['commands', 'exit-codes', 'flags/flags', 'help', 'version'],
    commands: ['commands/build', 'runs/runs-here'],
    build: [
      'build/build-images',
      'build/result-files',
      'fresh/answering',
      'plan/prospects',
      'recorder/estimator',
      'tasks/about',
      'tasks/open-engine',
      'tasks/workspace-tasks',
      'ui/plain',
    ],
  },
  config: { config: ['discover', 'index'] },
  engine: {
    paths: ['cache/path', 'cache/state-path'],
    small: ['llb/first-causes', 'oci/*', 'std/*'],
    engine: ['cache/blobs', 'exporter/exporter', 'frontend/dockerfile/dockerfile', 'index', 'local', 'source/local'],
  },
};

/** Bundles the package in `folder` into `out`, whose files others import as they would those of single modules. */
export async function bundle(folder: string, out: string): Promise<void> {
  const src = join(folder, 'src');
  const groups = Object.entries(parts[basename(folder)]!).map(([name, roots], i, all) => {
    const modules = new Set(roots.flatMap((root) => modulesOf(src, `${root}.ts`)));
    return { name, test: (id: string) => modules.has(relative(src, id)), priority: all.length - i };
  });
  const bundled = await rolldown({
    input: Object.fromEntries(entriesOf(folder).map((path) => [nameOf(path), join(src, path)])),
    platform: 'node',
    external: /^[^./]/,
    plugins: [ownAddresses(src)],
    // A lazy import of what others import at once is meant as it is.
    checks: { ineffectiveDynamicImport: false },
  });
  await bundled.write({
    dir: out,
    entryFileNames: '[name].js',
    chunkFileNames: 'parts/[name].js',
    codeSplitting: { groups },
  });
  await bundled.close();
}

/** Modules that are loaded by their address: what is exported or started, and what threads are told to load. */
function entriesOf(folder: string): readonly string[] {
  const src = join(folder, 'src');
  const { exports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly exports?: Readonly<Record<string, string | { readonly source: string }>>;
  };
  const doors = Object.values(exports).flatMap((to) => (typeof to === 'string' ? [] : [to.source]));
  const exported = doors.flatMap((door) => modulesOf(src, relative('src', door)));
  const addressed = modulesOf(src, '**/*.ts').flatMap((path) => {
    const text = readFileSync(join(src, path), 'utf8');
    const named = text.matchAll(/new URL\('(\.[^']+\.ts)', import\.meta\.url\)/g);
    return [...(text.includes('import.meta.url') ? [path] : []), ...named.map(([, to]) => join(dirname(path), to!))];
  });
  return [...new Set([...(existsSync(join(src, 'main.ts')) ? ['main.ts'] : []), ...exported, ...addressed])];
}

function modulesOf(src: string, pattern: string): readonly string[] {
  const found = globSync(pattern, { cwd: src }).filter((path) => !/(test|fixture|\.d)\.ts$/.test(path));
  if (found.length === 0) throw new Error(`no module is ${join(src, pattern)}`);
  return found;
}

/** Lets `import.meta` of a module say what it would if the module were a file of its own. */
function ownAddresses(src: string): Plugin {
  return {
    name: 'own-addresses',
    transform(code, id) {
      const own = JSON.stringify(`${nameOf(relative(src, id))}.js`);
      return code.replaceAll(/\bimport\.meta\.(url|filename|dirname)\b/g, (_, what) => `own_${what}(${own})`);
    },
    renderChunk(code, { fileName }) {
      // The pool calls a task by the name of its function, and two of one name in a file cannot both keep it.
      const renamed = /\btask(?:\$\d+)?\([^,]+, (\w+\$\d+)\)/.exec(code)?.[1];
      if (renamed !== undefined)
        throw new Error(`two functions in ${fileName} would be called ${renamed.split('$')[0]}`);
      return code.replaceAll(/\bown_(url|filename|dirname)\("([^"]+)"\)/g, (_, what: string, own: string) => {
        const url = `new URL(${JSON.stringify(relative(dirname(fileName), own))}, import.meta.url)`;
        if (what === 'url') return `${url}.href`;
        const file = `decodeURIComponent(${url}.pathname)`;
        return what === 'filename' ? file : `${file}.replace(/\\/[^/]*$/, '')`;
      });
    },
  };
}

function nameOf(path: string): string {
  return path.slice(0, -'.ts'.length);
}
