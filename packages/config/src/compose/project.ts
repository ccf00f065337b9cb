import type { Place } from '../bake/definition.ts';
import type { Mapping } from './merge.ts';
import type { YamlFile, YamlPath } from './yaml.ts';

export interface ComposeWorld {
  /** Variables from the command line and the environment. */
  readonly lookUp: (name: string) => string | undefined;
  /** Reads a file; undefined if there is none. */
  readonly readFile: (file: string) => string | undefined;
  /** Told of variables that are not set and have no default. */
  readonly warn: (message: string, place: Place) => void;
}

export interface Service {
  readonly definition: Mapping;
  /** Where its parts were written, the last file first. */
  readonly written: readonly { readonly file: YamlFile; readonly path: YamlPath }[];
  readonly folder: string;
  readonly lookUp: ComposeWorld['lookUp'];
}

export interface Project {
  readonly services: ReadonlyMap<string, Service>;
  readonly secrets: Mapping;
  readonly volumes: Mapping;
}
