import type { Digest } from '../oci/digest.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { Definition } from './definition.ts';
import type { ExecOp } from './exec.ts';
import type { FileAction } from './file-action.ts';
import type { FileOp } from './file.ts';
import { loadDefinition } from './load.ts';
import type { Mount } from './mount.ts';
import type { Vertex } from './op.ts';
import type { Owner, UserRef } from './owner.ts';

/**
 * A definition as text for people and golden tests: one paragraph an op, numbered in order, inputs by number. What is
 * left at its default is left out. Ends in a line break; the definition of scratch is `scratch`.
 */
export function printDefinition(definition: Definition): string {
  const loaded = loadDefinition(definition);
  if (!loaded) return 'scratch\n';
  const numbers = new Map<Digest, number>();
  for (const digest of loaded.vertices.keys()) numbers.set(digest, numbers.size + 1);
  const edge = ({ digest, index }: { readonly digest: Digest; readonly index: number }) =>
    `#${numbers.get(digest)!}${index === 0 ? '' : `.${index}`}`;
  const paragraphs = [...loaded.vertices.values()].map((vertex) => {
    const inputs = vertex.op.inputs.map(edge);
    const [first, ...rest] = [...opLines(vertex, inputs), ...metadataLines(vertex)];
    const platform = vertex.op.platform ? ` (${formatPlatform(vertex.op.platform)})` : '';
    const filters = vertex.op.workers?.map((filter) => `worker ${quoted(filter)}`) ?? [];
    return [`#${numbers.get(vertex.digest)!} ${first}${platform}`, ...indented([...rest, ...filters])].join('\n');
  });
  return `${paragraphs.join('\n')}\n= ${edge(loaded.head)}\n`;
}

/** What an op says, a fact a line, the first one what it is; `inputs` are what its inputs are called. */
export function opLines({ op }: Pick<Vertex, 'op'>, inputs: readonly string[]): readonly string[] {
  const input = (index: number) => (index === -1 ? 'scratch' : inputs[index]!);
  switch (op.kind) {
    case 'source':
      return [
        `source ${op.identifier}`,
        ...[...op.attrs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name} ${quoted(value)}`),
      ];
    case 'exec':
      return execLines(op, input);
    case 'file':
      return fileLines(op, inputs);
    case 'merge':
      return [`merge ${op.layers.map(input).join(' ')}`];
    case 'diff':
      return [`diff ${input(op.lower)} ${input(op.upper)}`];
    case 'build':
      return [
        'build',
        ...[...op.named].map(([name, index]) => `input ${name} ${input(index)}`),
        ...[...op.attrs].map(([name, value]) => `${name} ${quoted(value)}`),
      ];
    case 'passthrough':
      return [`passthrough ${op.id} ${inputs.join(' ')} -> ${op.outputs.map(input).join(' ')}`];
  }
}

function execLines(op: ExecOp, input: (index: number) => string): readonly string[] {
  const { meta } = op;
  return [
    `exec ${meta.args.map(word).join(' ')}`,
    ...meta.env.map((entry) => `env ${entry}`),
    ...(meta.cwd === '/' ? [] : [`cwd ${meta.cwd}`]),
    ...(meta.user ? [`user ${meta.user}`] : []),
    ...Object.entries(meta.proxyEnv ?? {}).map(([name, value]) => `proxy ${name} ${value}`),
    ...meta.extraHosts.map(({ host, ip }) => `host ${host} ${ip}`),
    ...(meta.hostname ? [`hostname ${meta.hostname}`] : []),
    ...meta.ulimits.map(({ name, soft, hard }) => `ulimit ${name} ${soft}:${hard}`),
    ...(meta.cgroupParent ? [`cgroup ${meta.cgroupParent}`] : []),
    ...(meta.removeMountStubsRecursive ? [] : ['keeps mount stubs']),
    ...(meta.validExitCodes.length > 0 ? [`exit ${meta.validExitCodes.join(' ')}`] : []),
    ...(op.network === 'sandbox' ? [] : [`network ${op.network}`]),
    ...(op.security === 'sandbox' ? [] : [`security ${op.security}`]),
    ...op.mounts.map((mount) => mountLine(mount, input)),
    ...op.secretEnv.map(({ id, name, optional }) => `secret ${id} env ${name}${optional ? ' optional' : ''}`),
    ...op.cdiDevices.map(({ name, optional }) => `device ${name}${optional ? ' optional' : ''}`),
  ];
}

function mountLine(mount: Mount, input: (index: number) => string): string {
  const words = [mount.kind === 'bind' ? 'mount' : mount.kind, mount.dest];
  switch (mount.kind) {
    case 'bind':
      words.push(input(mount.input));
      break;
    case 'cache':
      words.push(`id=${mount.id}`, mount.sharing);
      if (mount.input !== -1) words.push(input(mount.input));
      break;
    case 'tmpfs':
      if (mount.size) words.push(`size=${mount.size}`);
      break;
    case 'secret':
    case 'ssh':
      words.push(`id=${mount.id}`, `${mount.uid}:${mount.gid}`, octal(mount.mode));
      if (mount.optional) words.push('optional');
      break;
  }
  if (mount.selector) words.push(`from ${mount.selector}`);
  if (mount.readonly) words.push('readonly');
  if (mount.kind === 'bind' && mount.output >= 0) words.push(`-> ${mount.output}`);
  if (mount.contentCache !== 'default') words.push(`content-cache ${mount.contentCache}`);
  return words.join(' ');
}

function fileLines(op: FileOp, inputs: readonly string[]): readonly string[] {
  const place = (index: number) =>
    index === -1 ? 'scratch' : (inputs[index] ?? `action ${index - inputs.length + 1}`);
  return ['file', ...op.actions.map((action, i) => `${i + 1}. ${actionLine(action, place)}`)];
}

function actionLine(action: FileAction, place: (index: number) => string): string {
  const words = [action.kind];
  const add = (given: boolean, ...more: readonly string[]) => {
    if (given) (words as string[]).push(...more);
  };
  const made = (owner: Owner | undefined, timestamp: bigint) => {
    add(owner !== undefined, `owner=${ownerText(owner, place)}`);
    add(timestamp !== -1n, `time=${timestamp}`);
  };
  switch (action.kind) {
    case 'mkdir':
      add(true, word(action.path), octal(action.mode));
      add(action.makeParents, 'parents');
      made(action.owner, action.timestamp);
      break;
    case 'mkfile':
      add(true, word(action.path), octal(action.mode), quoted(Buffer.from(action.data).toString()));
      made(action.owner, action.timestamp);
      break;
    case 'symlink':
      add(true, word(action.newpath), '->', word(action.oldpath));
      made(action.owner, action.timestamp);
      break;
    case 'rm':
      add(true, word(action.path));
      add(action.allowNotFound, 'allow-missing');
      add(action.allowWildcard, 'wildcard');
      break;
    case 'copy':
      add(true, `${place(action.secondaryInput)}:${word(action.src)}`, word(action.dest));
      add(action.mode !== -1 && action.modeText === '', octal(action.mode));
      add(action.modeText !== '', `mode=${action.modeText}`);
      made(action.owner, action.timestamp);
      add(action.followSymlink, 'follow');
      add(action.dirCopyContents, 'contents');
      add(action.unpackArchives, 'unpack');
      add(action.createDestPath, 'create-dest');
      add(action.allowWildcard, 'wildcard');
      add(action.allowEmptyWildcard, 'allow-empty');
      add(action.alwaysReplaceExistingDestPaths, 'replace');
      add(action.include.length > 0, `include=${JSON.stringify(action.include)}`);
      add(action.exclude.length > 0, `exclude=${JSON.stringify(action.exclude)}`);
      add(action.requiredPaths.length > 0, `required=${JSON.stringify(action.requiredPaths)}`);
      break;
  }
  const output = action.output === -1 ? '' : ` -> ${action.output}`;
  return `${words.join(' ')} on ${place(action.input)}${output}`;
}

function ownerText(owner: Owner | undefined, place: (index: number) => string): string {
  const one = (user: UserRef | undefined) =>
    user === undefined ? '' : user.kind === 'id' ? String(user.id) : `${user.name}@${place(user.input)}`;
  return `${one(owner?.user)}:${one(owner?.group)}`;
}

function metadataLines({ metadata }: Vertex): readonly string[] {
  const { description = {}, linuxResources = {}, progressGroup } = metadata;
  return [
    ...Object.entries(description)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, text]) => (name === 'llb.customname' ? `name ${quoted(text)}` : `${name} ${quoted(text)}`)),
    ...(metadata.ignoreCache ? ['ignore-cache'] : []),
    ...(metadata.exportCache === undefined ? [] : [`export-cache ${metadata.exportCache}`]),
    ...(progressGroup
      ? [`group ${progressGroup.id} ${quoted(progressGroup.name)}${progressGroup.weak ? ' weak' : ''}`]
      : []),
    ...Object.entries(linuxResources).map(([name, value]) => `limit ${name} ${value}`),
  ];
}

function indented(texts: readonly string[]): readonly string[] {
  return texts.map((text) => `   ${text}`);
}

function word(text: string): string {
  return /^[\w@%+=:,./*-]+$/.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function octal(mode: number): string {
  return `0${mode.toString(8)}`;
}
