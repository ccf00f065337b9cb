// Tells of each file that a scanner found which layer has it, as BuildKit does. The search runs on the pool.

import { posix } from 'node:path';
import { task, type TaskContext } from '../../pool/tasks.ts';
import { lookupPath, rootOf } from '../../snapshot/tree.ts';
import { bytePath } from '../../std/byte-path.ts';
import type { Attestation } from '../attestation.ts';
import { monokitVersion } from './spdx.ts';

interface Search {
  /** Of the layers, uppermost first. */
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** For each file the layer that it is in, counted from the lowest; undefined for what the tree does not have. */
export const findFileLayers = task(import.meta.url, findFileLayersHere);

export function findFileLayersHere({ folders, files }: Search, { check }: TaskContext): (number | undefined)[] {
  const root = rootOf(folders);
  return files.map((file) => {
    check();
    const names = posix.join('/', file).split('/').filter(Boolean).map(bytePath);
    const path = lookupPath(root, names)?.path;
    const at = path === undefined ? -1 : root.findIndex((folder) => path.startsWith(`${folder}/`));
    return at < 0 ? undefined : root.length - 1 - at;
  });
}

/** The files of an SPDX document of which nobody says anything yet. */
export function uncommentedFiles(attestation: Attestation): readonly string[] {
  return filesOf(attestation.predicate({ layers: [] })).flatMap(({ fileName, comment }) =>
    typeof fileName === 'string' && !comment ? [fileName] : [],
  );
}

/** The document with `layerID: …` at these files, where the result has as many layers as were searched. */
export function withFileLayers(
  attestation: Attestation,
  { layers, count }: { readonly layers: ReadonlyMap<string, number>; readonly count: number },
): Attestation {
  return {
    ...attestation,
    predicate(result) {
      const document = attestation.predicate(result) as Readonly<Record<string, unknown>>;
      if (result.layers.length !== count || layers.size === 0) return document;
      const files = filesOf(document).map((file) => {
        const layer = file.comment ? undefined : layers.get(String(file.fileName));
        return layer === undefined ? file : { ...file, comment: `layerID: ${result.layers[layer]!.digest}` };
      });
      const info = (document['creationInfo'] ?? {}) as { readonly creators?: unknown };
      const creators = [
        ...(Array.isArray(info.creators) ? (info.creators as unknown[]) : []),
        `Tool: monokit-${monokitVersion()}`,
      ];
      return { ...document, creationInfo: { ...info, creators }, files };
    },
  };
}

function filesOf(document: unknown): readonly { readonly fileName?: unknown; readonly comment?: unknown }[] {
  const { files } = (document ?? {}) as { readonly files?: unknown };
  if (!Array.isArray(files)) return [];
  return (files as unknown[]).filter((file): file is object => typeof file === 'object' && file !== null);
}
