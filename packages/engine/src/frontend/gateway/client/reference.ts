import { fromDefinition } from '../../../llb/definition-node.ts';
import type { Definition } from '../../../llb/definition.ts';
import type { State } from '../../../llb/state.ts';
import type { Calls } from '../../../rpc/service.ts';
import type { TreeEntry } from '../../program-bridge.ts';
import type { llbBridge } from '../llb-bridge.ts';
import { entryOf } from '../stat.ts';

export type BridgeCalls = Calls<typeof llbBridge>;

/** A part of a file, in bytes. */
export interface FileRange {
  readonly offset: number;
  readonly length: number;
}

/** Something that was solved: a tree that the engine brings about when somebody looks at it, or needs it. */
export class Reference {
  readonly id: string;
  readonly #calls: BridgeCalls;
  readonly #definition: Definition | undefined;

  constructor(
    calls: BridgeCalls,
    { id, definition }: { readonly id: string; readonly definition: Definition | undefined },
  ) {
    this.#calls = calls;
    this.id = id;
    this.#definition = definition;
  }

  /** What it was made of, to build on. */
  get state(): State {
    if (!this.#definition) throw new Error('this engine does not tell definitions of what it solved');
    return fromDefinition(this.#definition);
  }

  /** Brings it about. */
  async evaluate(): Promise<void> {
    await this.#calls.evaluate({ ref: this.id });
  }

  /** Rejects if there is no such file. At most 16 MiB at a time. */
  async readFile(path: string, range?: FileRange): Promise<Uint8Array> {
    return (await this.#calls.readFile({ ref: this.id, path, ...(range && { range }) })).data;
  }

  async readText(path: string): Promise<string> {
    return Buffer.from(await this.readFile(path)).toString('utf8');
  }

  /** Entries of a folder, or those of them that match a pattern such as `*.json`. */
  async readDir(path: string, { pattern = '' }: { readonly pattern?: string } = {}): Promise<readonly TreeEntry[]> {
    const { entries } = await this.#calls.readDir({ ref: this.id, path, includePattern: pattern });
    return entries.map(entryOf);
  }

  async stat(path: string): Promise<TreeEntry> {
    return entryOf((await this.#calls.statFile({ ref: this.id, path })).stat!);
  }
}
