// One stage while it is converted: what its instructions change, and what they may ask.

import type { EnvList } from '../../llb/env.ts';
import { scratch, type State } from '../../llb/state.ts';
import type { ImageConfig } from '../../oci/image-config.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Range } from '../../std/diagnostic.ts';
import { Asked } from './asked.ts';
import type { Conversion } from './conversion.ts';
import { locationOf } from './conversion.ts';
import { GrownMap } from './grown-map.ts';
import { ImageDraft } from './image.ts';
import type { Instruction } from './instruction.ts';
import type { From } from './instructions/from.ts';
import type { Node } from './parse.ts';
import type { RuleName } from './rules.ts';
import { stepName, upperKeyword, type StepNumber } from './step-name.ts';
import { expand, expandWords, type Variables, type WordOptions } from './words.ts';

/** A stage as written. */
export interface StageText {
  readonly from: From;
  readonly instructions: readonly Instruction[];
}

/** An instruction with the stages that it reads from: of COPY the one of `--from`, of RUN one for each mount. */
export interface Command {
  readonly instruction: Instruction;
  readonly sources: readonly (Stage | undefined)[];
  /** It came with the base image. */
  readonly onBuild: boolean;
}

/** Paths of a folder that are read, to fetch no more of it than that. */
export type Paths = Set<string>;

export class Stage {
  readonly conversion: Conversion;
  /** Undefined for an image that only COPY or a mount names. */
  readonly text: StageText | undefined;
  readonly range: Range;
  /** As people see it; '' for a stage without a name in a file with only one. */
  name: string;
  /** The base, expanded; a full reference once it was resolved. */
  baseName: string;
  /** The stage of this file that this one is built on. */
  base: Stage | undefined;
  platform: Platform | undefined;
  state: State = scratch();
  image: ImageDraft;
  baseImage: ImageConfig | undefined;
  commands: Command[] = [];
  /** Its state is final: it was converted, or stands for an image or a named context. */
  done = false;
  /** What the build context is read for. */
  readonly contextPaths: Paths = new Set();
  /** What this stage's own files are read for; a stage built on another counts for both. */
  paths: Paths = new Set();
  /** What it takes from the caller. */
  readonly asked = new Asked();
  noCache = false;
  /** The state's variables that the image has are its last ones, in the image's order: nothing is to be set again. */
  variablesInOrder = false;
  workdirSet = false;
  steps = 0;
  #step = 0;
  /** Declared build arguments, the last value of each. A stage goes on with those of the stage below. */
  #args = GrownMap.of<string | undefined>();
  #command: Command | undefined;
  readonly #seen = new Map<Instruction['kind'], Node>();

  constructor(conversion: Conversion, about: { text?: StageText; name: string; baseName: string; range: Range }) {
    this.conversion = conversion;
    this.text = about.text;
    this.name = about.name;
    this.baseName = about.baseName;
    this.range = about.range;
    this.image = new ImageDraft(conversion.targetPlatform);
  }

  /** Takes over what the stage below ended with. */
  inherit(): void {
    const { base } = this;
    if (!base) return;
    this.state = base.state;
    this.platform = base.platform;
    this.image = base.image.fork();
    this.baseImage = base.baseImage;
    this.paths = base.paths;
    this.workdirSet = base.workdirSet;
    this.variablesInOrder = base.variablesInOrder;
    this.#args = base.#args;
  }

  /** Does `work` for a command; its place and comments then hold for what is told. */
  doing(command: Command, work: () => void): void {
    this.#command = command;
    try {
      work();
    } finally {
      this.#command = undefined;
    }
  }

  /** The platform; known once the base is. */
  get os(): string {
    return this.platform?.os ?? this.conversion.targetPlatform.os;
  }

  get runPlatform(): Platform {
    return this.platform ?? this.conversion.targetPlatform;
  }

  /** Variables as the next process would see them. */
  get variables(): EnvList {
    return this.state.settings.env;
  }

  expand(word: string): string {
    const { text, unmatched } = expand(word, this.variables, { escape: this.conversion.escape });
    this.#undefined(unmatched);
    return text;
  }

  expandWords(text: string): readonly string[] {
    return expandWords(text, this.variables, { escape: this.conversion.escape });
  }

  /** Expands the body of a heredoc, where quotes mean nothing. */
  expandBody(body: string): string {
    const { text, unmatched } = expand(body, this.variables, { plainQuotes: true });
    this.#undefined(unmatched);
    return text;
  }

  /** An instruction's text for people: variables filled in where that works. */
  shown(text: string, options: WordOptions = {}, variables: Variables = this.variables): string {
    try {
      return upperKeyword(expand(text, variables, { escape: this.conversion.escape, ...options }).text);
    } catch {
      return upperKeyword(text); // not every shell text is one of our words
    }
  }

  /** The number of the next step. */
  nextStep(): StepNumber {
    return { index: ++this.#step, total: this.steps };
  }

  stepName(text: string, step: StepNumber): string {
    const { multiPlatform } = this.conversion.options;
    return stepName(text, step, {
      stage: this.name,
      platform: multiPlatform ? this.runPlatform : undefined,
      variables: this.variables,
      onBuild: this.#command?.onBuild ?? false,
    });
  }

  /** The instruction's place, for its vertices. */
  location(range: Range) {
    return locationOf(this.conversion.sourceMap, range);
  }

  declareArg(key: string, value: string | undefined): void {
    this.#args = this.#args.with(key, value);
  }

  /** The value of an argument as it was declared last, or else as all stages have it. */
  argument(name: string): string | undefined {
    for (const [key, value] of this.#args.newest()) if (key === name && value !== undefined) return value;
    return this.conversion.globalArgs.get(name);
  }

  /** Declared arguments in the order in which they were first declared, with the values that a process would see. */
  args(): readonly { readonly key: string; readonly value: string }[] {
    const variables = new Map(this.variables); // one walk for all, where each look-up would be one
    return Array.from(this.#args, ([key, value]) => ({ key, value: variables.get(key) ?? value ?? '' }));
  }

  /** Adds a line to the image's history. */
  record(createdBy: string, options: { readonly layer: boolean } = { layer: false }): void {
    this.image.record(createdBy, { ...options, created: this.conversion.epoch });
  }

  /** Notes an instruction of which only the last one counts. */
  usedOnce(instruction: Instruction): void {
    const before = this.#seen.get(instruction.kind);
    this.#seen.set(instruction.kind, instruction.node);
    if (!before) return;
    const name = instruction.node.keyword;
    this.warn(
      'MultipleInstructionsDisallowed',
      `Multiple ${name} instructions should not be used in the same stage because only the last one will be used`,
      before.range,
    );
  }

  /** Whether this stage itself has had such an instruction (of those that `usedOnce` notes). */
  has(kind: Instruction['kind']): boolean {
    return this.#seen.has(kind);
  }

  /** The place of the present instruction. */
  get here(): Range {
    const { onBuild = true, instruction } = this.#command ?? {};
    return onBuild || !instruction ? this.range : instruction.node.range;
  }

  /** Tells of the present instruction, or of `range`, that a rule found it. */
  warn(rule: RuleName, message: string, range?: Range): void {
    const node = this.#command?.instruction.node;
    this.conversion.checks.warn(rule, message, range ?? node?.range ?? this.range, node?.comments);
  }

  /** Names that a variable may be meant by. Of `variables` they would be a map for every instruction. */
  *#known(): Iterable<string | undefined> {
    for (const [key] of this.image.env.newest()) yield key;
    for (const [key, value] of this.#args.newest()) yield value === undefined ? undefined : key;
  }

  #undefined(names: ReadonlySet<string>): void {
    for (const name of names) {
      if (this.#args.has(name) || name.startsWith('BUILDKIT_SBOM_SCAN_')) continue;
      const meant = this.conversion.suggestions.nearest(name, this.#known());
      this.warn('UndefinedVar', `Usage of undefined variable '$${name}'${meant ? ` (did you mean $${meant}?)` : ''}`);
    }
  }
}
