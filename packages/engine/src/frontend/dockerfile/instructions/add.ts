import { basePath, joinPath } from '../../../llb/path.ts';
import { git, http } from '../../../llb/sources.ts';
import type { State } from '../../../llb/state.ts';
import { isDigest, type Digest } from '../../../oci/digest.ts';
import { goQuote } from '../../../std/go-quote.ts';
import { mistake } from '../failure.ts';
import { readFlags } from '../flags.ts';
import { gitOptions, isGitAddress, readGitReference, type GitReference } from '../git-reference.ts';
import type { Node } from '../parse.ts';
import type { Stage } from '../stage.ts';
import { expandOperands, readMode, readOperands, Transfer, warnOfIgnored, type Operands } from '../transfer.ts';
import { decoded, readWebAddress } from '../web-address.ts';
import { historyOf } from './copy.ts';

/** `ADD [flags] source … destination`: as COPY from the context, and archives are unpacked, and addresses fetched. */
export interface Add {
  readonly kind: 'add';
  readonly node: Node;
  readonly operands: Operands;
  readonly chown: string;
  readonly chmod: string;
  readonly checksum: string;
  readonly link: boolean;
  readonly keepGitDir: boolean | undefined;
  readonly unpack: boolean | undefined;
  readonly exclude: readonly string[];
}

export const flagKinds = {
  chown: 'text',
  chmod: 'text',
  link: 'boolean',
  'keep-git-dir': 'boolean',
  checksum: 'text',
  unpack: 'boolean',
  exclude: 'list',
} as const;

export function readAdd(node: Node): Add {
  const flags = readFlags(node.flags, flagKinds);
  const { chown = '', chmod = '', checksum = '', link = false, unpack, exclude } = flags;
  const operands = readOperands(node);
  const keepGitDir = flags['keep-git-dir'];
  return { kind: 'add', node, operands, chown, chmod, checksum, link, keepGitDir, unpack, exclude };
}

export function convertAdd(instruction: Add, stage: Stage): void {
  const { node, exclude, unpack, keepGitDir } = instruction;
  const [chown, chmod] = [stage.expand(instruction.chown), stage.expand(instruction.chmod)];
  const checksum = stage.expand(instruction.checksum);
  const operands = expandOperands(instruction.operands, stage);
  const mode = readMode(chmod);
  if (checksum !== '') checkChecksum(operands);
  const transfer = new Transfer(stage, node, { destination: operands.destination, chown, mode, exclude });
  const common = { customName: transfer.stepName };
  for (const path of operands.sources) {
    const repository = readGitReference(path);
    if (repository && !repository.maybePath) {
      transfer.exactly(
        git(repository.remote, { ...common, ...gitOptions(agreed(repository, checksum, keepGitDir)) }),
        '/',
      );
    } else if (isWebAddress(path)) {
      const description = { 'com.docker.dockerfile.v1.command': node.original.trim() };
      const [file, name] = webFile(path, checksum, { ...common, description });
      transfer.exactly(file, name, { unpack: unpack ?? false });
    } else {
      warnOfIgnored('Add', path, stage);
      transfer.matching(stage.conversion.buildContext, path, { unpack: unpack ?? true, parents: false });
    }
    // As BuildKit does, ssh addresses too: what is fetched of the context is part of its vertex.
    if (!/^https?:\/\//.test(path)) stage.contextPaths.add(joinPath('/', path));
  }
  for (const document of operands.documents) transfer.document(document);
  transfer.finish({ link: instruction.link && chmod === '' });
  stage.record(historyOf('ADD', { ...operands, chown, chmod }), { layer: true });
}

/** An http(s) address that is no git repository. */
export function isWebAddress(source: string): boolean {
  return /^https?:\/\//.test(source) && !isGitAddress(source);
}

/** A file from the web, and what it is called there. */
export function webFile(
  address: string,
  checksum: string,
  about: { readonly customName?: string; readonly description?: Readonly<Record<string, string>> } = {},
): [file: State, name: string] {
  if (checksum !== '' && !isDigest(checksum)) {
    throw mistake(`invalid checksum digest format: ${checksum}`, { token: checksum });
  }
  const filename = fileName(address);
  return [http(address, { filename, ...about, ...(checksum !== '' && { checksum: checksum as Digest }) }), filename];
}

/** What a repository's address and ADD's flags say together; they must not contradict each other. */
export function agreed(repository: GitReference, checksum: string, keepGitDir: boolean | undefined): GitReference {
  if (keepGitDir !== undefined && repository.keepGitDir !== undefined && keepGitDir !== repository.keepGitDir) {
    throw mistake('inconsistent keep-git-dir configuration');
  }
  if (checksum !== '' && repository.checksum !== '' && checksum !== repository.checksum) {
    throw mistake(`checksum mismatch ${goQuote(checksum)} != ${goQuote(repository.checksum)}`, { token: checksum });
  }
  return {
    ...repository,
    keepGitDir: repository.keepGitDir ?? keepGitDir,
    checksum: repository.checksum || checksum,
    mtime: undefined,
  };
}

function checkChecksum({ sources }: Operands): void {
  const [only = ''] = sources;
  if (sources.length !== 1) throw mistake("checksum can't be specified for multiple sources");
  if (!isWebAddress(only) && !isGitAddress(only))
    throw mistake('checksum requires HTTP(S) or Git sources', { token: only });
}

/** The last part of an address's path; a name of its own where there is none. */
function fileName(address: string): string {
  const path = readWebAddress(address)?.path;
  const name = path === undefined ? '' : basePath(decoded(path) ?? '');
  return name === '' || name === '.' || name === '/' ? '__unnamed__' : name;
}
