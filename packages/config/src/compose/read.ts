// Compose files as targets: merged, their variables filled in, what they include and extend brought together.

import { dirname, resolve } from 'node:path';
import type { BakeGroup, BakeTarget, Place } from '../bake/definition.ts';
import { Places } from '../bake/read.ts';
import { HclMistake, type HclProblem, type SourceText } from '../hcl/mistake.ts';
import { serviceWatch } from './develop.ts';
import { filled } from './fill.ts';
import { canonicalService, isMapping, merged, settled, type Mapping } from './merge.ts';
import type { ComposeWorld, Project, Service } from './project.ts';
import { rebased } from './rebase.ts';
import { targetOf } from './service.ts';
import { variablesIn } from './variables.ts';
import { parseYaml, type YamlFile, type YamlPath } from './yaml.ts';

export interface ComposeFiles {
  readonly targets: readonly BakeTarget[];
  readonly groups: readonly BakeGroup[];
}

/** Reads files that are one project; paths are relative to `folder`. Throws a `HclMistake`. */
export function readCompose(
  sources: readonly SourceText[],
  { folder, world }: { readonly folder: string; readonly world: ComposeWorld },
): ComposeFiles {
  const reader = new Reader(world);
  const project = reader.project(sources, { folder, envFiles: [resolve(folder, '.env')] });
  const targets = reader.targets(project);
  if (reader.problems.length > 0) throw new HclMistake(reader.problems);
  const groups = targets.length > 0 ? [{ name: 'default', targets: targets.map(({ name }) => name) }] : [];
  return { targets, groups };
}

interface Setting {
  readonly folder: string;
  readonly envFiles: readonly string[];
  readonly lookUp?: ComposeWorld['lookUp'];
}

/** Files that include each other this deep include themselves. */
const deepest = 20;

class Reader {
  readonly problems: HclProblem[] = [];
  readonly #world: ComposeWorld;
  readonly #places = new Places();
  readonly #warned = new Set<string>();

  constructor(world: ComposeWorld) {
    this.#world = world;
  }

  project(sources: readonly SourceText[], setting: Setting, depth = 0): Project {
    const around = setting.lookUp ?? this.#world.lookUp;
    const env = this.#variablesIn(setting.envFiles, around);
    const lookUp = (name: string) =>
      around(name) ?? env.get(name) ?? (name === 'COMPOSE_PROJECT_NAME' ? 'bake' : undefined);
    const files = sources.map((source) => this.#file(source, lookUp));
    const services = new Map<string, Service>();
    let secrets: Mapping = {};
    let volumes: Mapping = {};
    for (const file of files) {
      const value = file.value;
      if (value === null || value === undefined) continue;
      if (!isMapping(value)) {
        this.#report(file, [], 'a compose file is a mapping, with services in it');
        continue;
      }
      const included = this.#included(file, value, { ...setting, lookUp, depth });
      for (const [name, service] of included.services) services.set(name, service);
      secrets = merged(included.secrets, secrets) as Mapping;
      volumes = merged(
        merged(included.volumes, volumes),
        isMapping(value['volumes']) ? value['volumes'] : {},
      ) as Mapping;
      if (value['secrets'] !== undefined && value['secrets'] !== null)
        secrets = merged(secrets, this.#secrets(file, value['secrets'], setting.folder)) as Mapping;
      for (const [name, written] of this.#services(file, value)) {
        const service = this.#extended(file, { name, definition: written, folder: setting.folder, lookUp }, []);
        const before = services.get(name);
        const definition = before ? merged(before.definition, service.definition) : service.definition;
        services.set(name, {
          ...service,
          definition: definition as Mapping,
          written: [...service.written, ...(before?.written ?? [])],
        });
      }
    }
    return { services, secrets, volumes };
  }

  targets({ services, secrets, volumes }: Project): readonly BakeTarget[] {
    const made = [...services].flatMap(([name, service]) => {
      const definition = settled(service.definition) as Mapping;
      const { environment } = definition;
      const own = isMapping(environment) ? environment : {};
      const { fromFiles, missing } =
        definition['build'] === undefined
          ? { fromFiles: new Map<string, string>() }
          : this.#envFile(service, definition);
      const placeOf = (key?: string, inner?: string) =>
        this.#placeOf(service, ['build', ...(key === undefined ? [] : [key]), ...(inner === undefined ? [] : [inner])]);
      const target = targetOf(name, definition, {
        secrets: settled(secrets) as Mapping,
        valueOf: (variable) => {
          const value = Object.hasOwn(own, variable) ? own[variable] : undefined;
          if (value !== undefined && value !== null) return String(value as string | number | boolean);
          return fromFiles.get(variable) ?? service.lookUp(variable);
        },
        placeOf,
        folder: service.folder,
        report: (key, message, hint) => {
          const { file, span } = this.#spanOf(service, ['build', ...(key === undefined ? [] : [key])]);
          this.problems.push({ message, source: file.source, span, ...(hint !== undefined && { hint }) });
        },
      });
      if (!target) return [];
      const watched = serviceWatch(definition, {
        folder: service.folder,
        fromFiles,
        missing,
        volumes: settled(volumes) as Mapping,
        lookUp: service.lookUp,
        placeOf: (...path) => this.#placeOf(service, path),
      });
      return [{ ...target, service: watched }];
    });
    const repeated = made.find(({ name }, index) => made.findIndex((other) => other.name === name) !== index);
    if (repeated) {
      const [service] = [...services].filter(([name]) => name.replaceAll('.', '_') === repeated.name);
      const { file, span } = this.#spanOf(service![1], []);
      this.problems.push({ message: `two services would be the target ${repeated.name}`, source: file.source, span });
    }
    return made;
  }

  /** A file with the variables in its texts filled in. */
  #file(source: SourceText, lookUp: ComposeWorld['lookUp']): YamlFile {
    const file = parseYaml(source);
    const unset = (name: string, path: YamlPath) => {
      if (this.#warned.has(name)) return;
      this.#warned.add(name);
      const place = this.#places.of(source, file.spanOf(path));
      this.#world.warn(`the variable ${name} is not set, and an empty text stands for it`, place);
    };
    return filled(file, { lookUp, unset, wrong: (message, path) => this.#report(file, path, message) });
  }

  #services(file: YamlFile, value: Mapping): readonly (readonly [string, Mapping])[] {
    const { services } = value;
    if (services === undefined || services === null) return [];
    if (!isMapping(services)) {
      this.#report(file, ['services'], 'services must be a mapping: name to service');
      return [];
    }
    return Object.entries(services).flatMap(([name, service]): [string, Mapping][] => {
      if (service === null) return [[name, {}]];
      if (isMapping(service)) return [[name, canonicalService(service) as Mapping]];
      this.#report(file, ['services', name], `the service ${name} must be a mapping`);
      return [];
    });
  }

  /** A service over the one that it extends. */
  #extended(
    file: YamlFile,
    {
      name,
      definition,
      folder,
      lookUp,
    }: {
      readonly name: string;
      readonly definition: Mapping;
      readonly folder: string;
      readonly lookUp: ComposeWorld['lookUp'];
    },
    heirs: readonly string[],
  ): Service {
    const { extends: base, ...own } = definition;
    const written = [{ file, path: ['services', name] }];
    const alone: Service = { definition: own, written, folder, lookUp };
    if (base === undefined || base === null) return alone;
    const { service: wanted, file: other } = isMapping(base) ? base : { service: base, file: undefined };
    const path = ['services', name, 'extends'];
    if (typeof wanted !== 'string' || (other !== undefined && typeof other !== 'string')) {
      this.#report(file, path, 'extends names a service, and the file that it is in');
      return alone;
    }
    const from = other === undefined ? file : this.#otherFile(file, path, { name: other, folder, lookUp });
    if (!from) return alone;
    const key = `${from.source.file}#${wanted}`;
    if (heirs.includes(key)) {
      this.#report(file, path, `services extend each other: ${[...heirs, key].join(' → ')}`);
      return alone;
    }
    const found = isMapping(from.value)
      ? this.#services(from, from.value).find(([each]) => each === wanted)
      : undefined;
    if (!found) {
      this.#report(file, path, `there is no service ${wanted} in ${from.source.file}`);
      return alone;
    }
    const inside = other === undefined ? folder : dirname(from.source.file);
    const below = this.#extended(from, { name: wanted, definition: found[1], folder: inside, lookUp }, [...heirs, key]);
    // What is built elsewhere is built from there.
    const based = inside === folder ? below.definition : rebased(below.definition, inside);
    return { ...alone, definition: merged(based, own) as Mapping, written: [...written, ...below.written] };
  }

  #included(
    file: YamlFile,
    value: Mapping,
    {
      folder,
      lookUp,
      depth,
    }: { readonly folder: string; readonly lookUp: ComposeWorld['lookUp']; readonly depth: number },
  ): Project {
    const services = new Map<string, Service>();
    let secrets: Mapping = {};
    let volumes: Mapping = {};
    const { include } = value;
    if (include === undefined || include === null) return { services, secrets, volumes };
    if (!Array.isArray(include)) {
      this.#report(file, ['include'], 'include must be a list of files');
      return { services, secrets, volumes };
    }
    for (const [index, each] of (include as unknown[]).entries()) {
      const path: YamlPath = ['include', index];
      const {
        path: named,
        project_directory: directory,
        env_file: envFile,
      } = isMapping(each) ? each : ({ path: each } as Mapping);
      const names = (Array.isArray(named) ? (named as unknown[]) : [named]).filter((one) => typeof one === 'string');
      if (names.length === 0 || depth >= deepest) {
        this.#report(file, path, depth >= deepest ? 'files include each other' : 'include names a file');
        continue;
      }
      const sources = names.flatMap((one) => {
        const source = this.#sourceOf(file, path, resolve(folder, one));
        return source ? [source] : [];
      });
      const [first] = sources;
      if (!first) continue;
      const inside = typeof directory === 'string' ? resolve(folder, directory) : dirname(first.file);
      const envFiles =
        envFile === undefined
          ? [resolve(inside, '.env')]
          : (Array.isArray(envFile) ? (envFile as unknown[]) : [envFile]).map((one) =>
              resolve(folder, String(one as string)),
            );
      const project = this.project(sources, { folder: inside, envFiles, lookUp }, depth + 1);
      for (const [name, service] of project.services) {
        if (services.has(name)) this.#report(file, path, `the service ${name} is in two included files`);
        services.set(name, service);
      }
      secrets = merged(secrets, project.secrets) as Mapping;
      volumes = merged(volumes, project.volumes) as Mapping;
    }
    return { services, secrets, volumes };
  }

  /** Paths of secrets are relative to the folder of the file that declares them. */
  #secrets(file: YamlFile, value: unknown, folder: string): unknown {
    if (!isMapping(value)) {
      this.#report(file, ['secrets'], 'secrets must be a mapping: name to secret');
      return {};
    }
    return Object.fromEntries(
      Object.entries(value).map(([name, secret]) => {
        if (!isMapping(secret) || typeof secret['file'] !== 'string') return [name, secret];
        return [name, { ...secret, file: resolve(folder, secret['file']) }];
      }),
    );
  }

  #otherFile(
    file: YamlFile,
    path: YamlPath,
    {
      name,
      folder,
      lookUp,
    }: { readonly name: string; readonly folder: string; readonly lookUp: ComposeWorld['lookUp'] },
  ): YamlFile | undefined {
    const source = this.#sourceOf(file, path, resolve(folder, name));
    return source && this.#file(source, lookUp);
  }

  #sourceOf(file: YamlFile, path: YamlPath, name: string): SourceText | undefined {
    const text = this.#world.readFile(name);
    if (text === undefined) this.#report(file, path, `there is no file ${name}`);
    return text === undefined ? undefined : { file: name, text };
  }

  #variablesIn(files: readonly string[], lookUp: ComposeWorld['lookUp']): ReadonlyMap<string, string> {
    return variablesIn(files, {
      lookUp,
      readFile: this.#world.readFile,
      report: (problem) => this.problems.push(problem),
    });
  }

  /** What a service's env_file gives its build arguments, and a file that its container wants and that is not there. */
  #envFile(
    service: Service,
    definition: Mapping,
  ): { readonly fromFiles: ReadonlyMap<string, string>; readonly missing?: string } {
    const written = definition['env_file'];
    if (!Array.isArray(written)) return { fromFiles: new Map() };
    const all = new Map<string, string>();
    let missing: string | undefined;
    for (const each of written as unknown[]) {
      const { path, required } = isMapping(each) ? each : ({ path: each } as Mapping);
      if (typeof path !== 'string') continue;
      const name = resolve(service.folder, path);
      if (this.#world.readFile(name) === undefined) {
        if (required === false || required === 'false') continue;
        missing ??= name;
        // What only the containers need is no matter of a build.
        if (!hasBareArgs(definition)) continue;
        const { file, span } = this.#spanOf(service, ['env_file']);
        this.problems.push({ message: `there is no file ${name}`, source: file.source, span });
        continue;
      }
      for (const [variable, value] of this.#variablesIn([name], service.lookUp)) all.set(variable, value);
    }
    return { fromFiles: all, ...(missing !== undefined && { missing }) };
  }

  #spanOf({ written }: Service, inner: YamlPath) {
    // The last file that says something of it.
    const found = written.find(({ file, path }) => has(file.value, [...path, ...inner.slice(0, 2)])) ?? written[0]!;
    return { file: found.file, span: found.file.spanOf([...found.path, ...inner]) };
  }

  #placeOf(service: Service, inner: YamlPath): Place {
    const { file, span } = this.#spanOf(service, inner);
    return this.#places.of(file.source, span);
  }

  #report(file: YamlFile, path: YamlPath, message: string): void {
    this.problems.push({ message, source: file.source, span: file.spanOf(path) });
  }
}

function hasBareArgs({ build }: Mapping): boolean {
  const args = isMapping(build) ? build['args'] : undefined;
  return isMapping(args) && Object.values(args).includes(null);
}

function has(value: unknown, path: YamlPath): boolean {
  let current = value;
  for (const step of path) {
    if (!isMapping(current) || !Object.hasOwn(current, step)) return false;
    current = current[step];
  }
  return true;
}
