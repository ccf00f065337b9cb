import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import type { BuildOp } from './build.ts';
import type { Definition } from './definition.ts';
import { networkNumber, securityNumber, type ExecOp, type ProxyEnv } from './exec.ts';
import type { FileAction } from './file-action.ts';
import type { GoValue } from './go-json.ts';
import type { OpMetadata } from './metadata.ts';
import { contentCacheNumber, mountTypeNumber, sharingNumber, type Mount } from './mount.ts';
import type { Op, Terminal } from './op.ts';
import type { Owner, UserRef } from './owner.ts';
import type { DefinitionSource } from './source-info.ts';
import type { SourcePosition } from './source-map.ts';

/*
 * Ops as Go's encoding/json prints BuildKit's generated structs: members in the order of the .proto, zero values left
 * out, enums as numbers, and BuildKit's own shapes for Op, FileAction and UserOpt. `debug dump-llb` shows this, and
 * cache keys are hashes of it.
 */

type GoObject = { readonly [key: string]: GoValue | undefined };

/** An op, or the terminal entry, as BuildKit prints it. */
export function opJson(op: Op | Terminal): GoObject {
  return {
    inputs: filled(op.inputs.map(({ digest, index }) => ({ digest: text(digest), index: number(index) }))),
    Op: op.kind === 'terminal' ? {} : { [op.kind]: bodyJson(op) },
    platform: op.platform && platformJson(op.platform),
    constraints: op.workers && { filter: filled(op.workers) },
  };
}

/** What the op does, without inputs and platform: the message inside of `Op`. */
export function bodyJson(op: Op): GoObject {
  switch (op.kind) {
    case 'exec':
      return execJson(op);
    case 'source':
      return { identifier: text(op.identifier), attrs: map(op.attrs) };
    case 'file':
      return { actions: filled(op.actions.map(actionJson)) };
    case 'build':
      return buildJson(op);
    case 'merge':
      return { inputs: filled(op.layers.map(indexJson)) };
    case 'diff':
      return { lower: indexJson(op.lower), upper: indexJson(op.upper) };
    case 'passthrough':
      return { id: text(op.id), outputs: filled(op.outputs) };
  }
}

function platformJson(platform: Platform): GoObject {
  return {
    Architecture: text(platform.architecture),
    OS: text(platform.os),
    Variant: text(platform.variant),
    OSVersion: text(platform['os.version']),
    OSFeatures: filled(platform['os.features']),
  };
}

export function execJson(
  op: Pick<ExecOp, 'meta' | 'mounts' | 'network' | 'security' | 'secretEnv' | 'cdiDevices'>,
): GoObject {
  const { meta } = op;
  return {
    meta: {
      args: filled(meta.args),
      env: filled(meta.env),
      cwd: text(meta.cwd),
      user: text(meta.user),
      proxy_env: meta.proxyEnv && proxyJson(meta.proxyEnv),
      extraHosts: filled(meta.extraHosts.map(({ host, ip }) => ({ Host: text(host), IP: text(ip) }))),
      hostname: text(meta.hostname),
      ulimit: filled(
        meta.ulimits.map(({ name, soft, hard }) => ({ Name: text(name), Soft: number(soft), Hard: number(hard) })),
      ),
      cgroupParent: text(meta.cgroupParent),
      removeMountStubsRecursive: flag(meta.removeMountStubsRecursive),
      validExitCodes: filled(meta.validExitCodes),
    },
    mounts: filled(op.mounts.map(mountJson)),
    network: number(networkNumber(op.network)),
    security: number(securityNumber(op.security)),
    secretenv: filled(
      op.secretEnv.map(({ id, name, optional }) => ({ ID: text(id), name: text(name), optional: flag(optional) })),
    ),
    cdiDevices: filled(op.cdiDevices.map(({ name, optional }) => ({ name: text(name), optional: flag(optional) }))),
  };
}

/** The part of an action that says what it does: the message inside of `Action`. */
export function actionBodyJson(action: FileAction): GoObject {
  switch (action.kind) {
    case 'copy':
      return {
        src: text(action.src),
        dest: text(action.dest),
        owner: ownerJson(action.owner),
        mode: number(action.mode),
        followSymlink: flag(action.followSymlink),
        dirCopyContents: flag(action.dirCopyContents),
        attemptUnpackDockerCompatibility: flag(action.unpackArchives),
        createDestPath: flag(action.createDestPath),
        allowWildcard: flag(action.allowWildcard),
        allowEmptyWildcard: flag(action.allowEmptyWildcard),
        timestamp: number(action.timestamp),
        include_patterns: filled(action.include),
        exclude_patterns: filled(action.exclude),
        alwaysReplaceExistingDestPaths: flag(action.alwaysReplaceExistingDestPaths),
        modeStr: text(action.modeText),
        required_paths: filled(action.requiredPaths),
      };
    case 'mkfile':
      return {
        path: text(action.path),
        mode: number(action.mode),
        data: bytes(action.data),
        owner: ownerJson(action.owner),
        timestamp: number(action.timestamp),
      };
    case 'mkdir':
      return {
        path: text(action.path),
        mode: number(action.mode),
        makeParents: flag(action.makeParents),
        owner: ownerJson(action.owner),
        timestamp: number(action.timestamp),
      };
    case 'rm':
      return {
        path: text(action.path),
        allowNotFound: flag(action.allowNotFound),
        allowWildcard: flag(action.allowWildcard),
      };
    case 'symlink':
      return {
        oldpath: text(action.oldpath),
        newpath: text(action.newpath),
        owner: ownerJson(action.owner),
        timestamp: number(action.timestamp),
      };
  }
}

export function metadataJson(metadata: OpMetadata): GoObject {
  const { ignoreCache, description, exportCache, capabilities, progressGroup, linuxResources } = metadata;
  return {
    ignore_cache: flag(ignoreCache),
    description: description && map(new Map(Object.entries(description))),
    export_cache: exportCache === undefined ? undefined : { Value: flag(exportCache) },
    caps: map(new Map([...capabilities].map((name) => [name, true]))),
    progress_group: progressGroup && {
      id: text(progressGroup.id),
      name: text(progressGroup.name),
      weak: flag(progressGroup.weak),
    },
    linux_resources: linuxResources && {
      memory: number(linuxResources.memory),
      memorySwap: number(linuxResources.memorySwap),
      cpuShares: number(linuxResources.cpuShares),
      cpuPeriod: number(linuxResources.cpuPeriod),
      cpuQuota: number(linuxResources.cpuQuota),
      cpusetCpus: text(linuxResources.cpusetCpus),
      cpusetMems: text(linuxResources.cpusetMems),
    },
  };
}

export function sourceJson({ locations, infos }: DefinitionSource): GoObject {
  return {
    locations: map(
      new Map<Digest, GoObject>(
        [...locations].map(([digest, places]) => [
          digest,
          {
            locations: filled(
              places.map(({ sourceIndex, ranges }) => ({
                sourceIndex: number(sourceIndex),
                ranges: filled(
                  ranges.map(({ start, end }) => ({ start: positionJson(start), end: positionJson(end) })),
                ),
              })),
            ),
          },
        ]),
      ),
    ),
    infos: filled(
      infos.map(({ filename, data, definition, language }) => ({
        filename: text(filename),
        data: bytes(data),
        definition: definition && definitionJson(definition),
        language: text(language),
      })),
    ),
  };
}

function positionJson({ line, character }: SourcePosition): GoObject {
  return { line: number(line), character: number(character) };
}

export function definitionJson({ ops, metadata, source }: Definition): GoObject {
  return {
    def: filled(ops),
    metadata: map(new Map([...metadata].map(([digest, entry]) => [digest, metadataJson(entry)]))),
    Source: source && sourceJson(source),
  };
}

function buildJson(op: BuildOp): GoObject {
  return {
    builder: number(op.builder),
    inputs: map(new Map([...op.named].map(([name, index]) => [name, indexJson(index)]))),
    def: op.definition && definitionJson(op.definition),
    attrs: map(op.attrs),
  };
}

function mountJson(mount: Mount): GoObject {
  const lent = (kind: 'secret' | 'ssh') =>
    mount.kind === kind
      ? {
          ID: text(mount.id),
          uid: number(mount.uid),
          gid: number(mount.gid),
          mode: number(mount.mode),
          optional: flag(mount.optional),
        }
      : undefined;
  return {
    input: number(mount.input),
    selector: text(mount.selector),
    dest: text(mount.dest),
    output: number(mount.output),
    readonly: flag(mount.readonly),
    mountType: number(mountTypeNumber(mount.kind)),
    TmpfsOpt: mount.kind === 'tmpfs' ? { size: number(mount.size) } : undefined,
    cacheOpt:
      mount.kind === 'cache' ? { ID: text(mount.id), sharing: number(sharingNumber(mount.sharing)) } : undefined,
    secretOpt: lent('secret'),
    SSHOpt: lent('ssh'),
    resultID: text(mount.resultId),
    contentCache: number(contentCacheNumber(mount.contentCache)),
  };
}

/** BuildKit's own shape of an action has no place for symlinks and prints them as nothing. */
function actionJson(action: FileAction): GoObject {
  return {
    input: action.input,
    secondaryInput: action.secondaryInput,
    output: action.output,
    Action: action.kind === 'symlink' ? {} : { [action.kind]: actionBodyJson(action) },
  };
}

function ownerJson(owner: Owner | undefined): GoObject | undefined {
  return owner && { user: owner.user && userJson(owner.user), group: owner.group && userJson(owner.group) };
}

function userJson(user: UserRef): GoObject {
  return {
    User:
      user.kind === 'id' ? { byId: number(user.id) } : { byName: { name: text(user.name), input: number(user.input) } },
  };
}

function proxyJson(proxy: ProxyEnv): GoObject {
  return {
    http_proxy: text(proxy.httpProxy),
    https_proxy: text(proxy.httpsProxy),
    ftp_proxy: text(proxy.ftpProxy),
    no_proxy: text(proxy.noProxy),
    all_proxy: text(proxy.allProxy),
  };
}

function indexJson(index: number): GoObject {
  return { input: number(index) };
}

/* Go's omitempty. */

function text(value: string | undefined): string | undefined {
  return value || undefined;
}

function number(value: number | bigint | undefined): number | bigint | undefined {
  return value || undefined;
}

function flag(value: boolean | undefined): true | undefined {
  return value || undefined;
}

function bytes(value: Uint8Array): Uint8Array | undefined {
  return value.length > 0 ? value : undefined;
}

function filled<T extends GoValue>(values: readonly T[] | undefined): readonly T[] | undefined {
  return values && values.length > 0 ? values : undefined;
}

function map<T extends GoValue>(entries: ReadonlyMap<string, T>): ReadonlyMap<string, T> | undefined {
  return entries.size > 0 ? entries : undefined;
}
