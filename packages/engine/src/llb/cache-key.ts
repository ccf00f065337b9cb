import { digestOf, type Digest } from '../oci/digest.ts';
import { hostPlatform, normalise, type Platform } from '../oci/platform.ts';
import type { ContentSelector } from './content-selector.ts';
import { execDeps, keyedExec } from './exec-key.ts';
import { fileDeps, keyedActions } from './file-key.ts';
import { goJson, type GoValue } from './go-json.ts';
import { bodyJson } from './json.ts';
import type { Op } from './op.ts';
import type { SourceOp } from './source.ts';

/*
 * What ops are keyed by, inputs left out: the digests of BuildKit's cache maps. They are hashes of Go's JSON of the op
 * with what does not matter blanked, so two engines that agree on every byte can share their caches. Pure functions.
 */

/** What an op is keyed by beside the keys of its inputs. */
export interface OpKey {
  readonly digest: Digest;
  /** One for each input, in order. */
  readonly deps: readonly DepKey[];
}

/** How an input enters the key. */
export interface DepKey {
  /** Which part of the input matters, where that is less than all. */
  readonly selector?: Digest;
  /** The input also counts by the content of these paths; an empty list is the whole tree. Undefined: it doesn't. */
  readonly content?: readonly ContentSelector[];
}

export type { ContentSelector };

/**
 * The key of an op. Sources are keyed by what they find (`sourceKey`). Throws `Failed` with kind `llb-invalid` for ops
 * that cannot be keyed. `platform` is what ops without one run on; the machine's own if left out.
 */
export function opKey(op: Exclude<Op, SourceOp>, { platform }: { readonly platform?: Platform } = {}): OpKey {
  switch (op.kind) {
    case 'exec': {
      const { os, architecture, variant, ...more } = normalise(op.platform ?? platform ?? hostPlatform());
      const exec = keyedExec(op);
      const digest = jsonDigest({
        Type: 'buildkit.exec.v0',
        Exec: exec,
        OS: os,
        Arch: architecture,
        Variant: variant,
        OSVersion: more['os.version'],
        OSFeatures: more['os.features'],
      });
      return { digest, deps: execDeps(op) };
    }
    case 'file':
      return { digest: jsonDigest({ Type: 'buildkit.file.v0', ...keyedActions(op) }), deps: fileDeps(op) };
    case 'merge':
      return { digest: jsonDigest({ Type: 'buildkit.merge.v0', Merge: bodyJson(op) }), deps: op.layers.map(plain) };
    case 'diff': {
      const sides = [op.lower, op.upper].filter((side) => side !== -1);
      return { digest: jsonDigest({ Type: 'buildkit.diff.v0', Diff: bodyJson(op) }), deps: sides.map(plain) };
    }
    case 'build':
      // BuildKit's own name of the member.
      return { digest: jsonDigest({ Type: 'buildkit.build.v0', Exec: bodyJson(op) }), deps: op.inputs.map(plain) };
    case 'passthrough': {
      const digest = jsonDigest({ Type: 'buildkit.passthrough.v0', Passthrough: bodyJson(op) });
      return { digest, deps: op.inputs.map(plain) };
    }
  }
}

/** The key of a source, from what the source says of what it found: a commit, the digest of a manifest … */
export function sourceKey(found: string): Digest {
  return digestOf(`buildkit.source.v0:${found}`);
}

function plain(): DepKey {
  return {};
}

function jsonDigest(value: { readonly [key: string]: GoValue | undefined }): Digest {
  return digestOf(goJson(value));
}
