import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import type { LoadedConfig } from './load.ts';
import type { Source } from './place.ts';

/** The text that a configuration was written in, for the places of its keys. */
export function sourceOf({ file, prefix, root }: Pick<LoadedConfig, 'file' | 'prefix' | 'root'>): Source {
  if (file === undefined) return { file: root, text: '', syntax: 'objects', prefix };
  return { file, text: readFileSync(file, 'utf8'), syntax: isYaml(file) ? 'yaml' : 'objects', prefix };
}

function isYaml(file: string): boolean {
  return (
    ['.yaml', '.yml'].includes(extname(file)) || basename(file) === '.buildkitrc' || basename(file) === 'buildkitrc'
  );
}
