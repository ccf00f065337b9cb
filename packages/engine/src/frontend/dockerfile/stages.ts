// The graph of stages: which there are, what they need, which the target needs.

import { goQuote } from '../../std/go-quote.ts';
import type { Conversion } from './conversion.ts';
import { mistake, placed, withPlace } from './failure.ts';
import { checkDeclared, checkPlatform } from './from-checks.ts';
import { isStep, readInstruction } from './instruction.ts';
import type { Instruction } from './instruction.ts';
import { checkCopyFrom } from './instructions/copy.ts';
import type { From } from './instructions/from.ts';
import { findNamedContext } from './named-context.ts';
import { parse } from './parse.ts';
import { readPlatform } from './platform.ts';
import type { Program } from './read.ts';
import { Stage, type Command, type StageText } from './stage.ts';
import { expand } from './words.ts';

/** All stages of a file, and the images that only COPY and mounts name. */
export class Stages {
  /** Those of the file, in its order. */
  readonly listed: readonly Stage[];
  readonly #conversion: Conversion;
  readonly #byName = new Map<string, Stage>();
  /** What each stage reads from, apart from its base. */
  readonly #needs = new Map<Stage, Map<Stage, Instruction>>();
  /** Stages for which the caller gave a context instead. */
  readonly replaced = new Map<Stage, { readonly key: string; readonly value: string }>();
  readonly #triggered = new Set<Stage>();

  constructor(program: Program, conversion: Conversion) {
    this.#conversion = conversion;
    const known = new Set([
      ...conversion.globalArgs.keys(),
      ...program.globalArgs.flatMap(({ declared }) => declared.map(({ key }) => key)),
    ]);
    const listed: Stage[] = [];
    for (const [index, text] of program.stages.entries()) {
      listed.push(placed(text.from.node.range, () => this.#add(text, index, known)));
    }
    this.listed = listed;
    for (const stage of listed) {
      if (this.replaced.has(stage)) continue;
      stage.commands = stage.text!.instructions.map((instruction) => this.#command(stage, instruction, false));
    }
    this.#refuseCycles();
    // BuildKit counts what mounts and COPY name beside the stages, and leaves the name away only where that is nothing.
    const [only, ...others] = listed;
    if (only && others.length === 0 && !only.commands.some(readsImage)) only.name = '';
  }

  /** The stage to build: the last one if none is named. */
  target(name: string): Stage {
    if (name === '') return this.listed.at(-1)!;
    const found = this.#byName.get(name.toLowerCase());
    if (found) return found;
    throw mistake(`target stage ${goQuote(name)} could not be found`, {
      nearTo: { word: name, candidates: this.#byName.keys() },
      ...(this.#byName.size > 0 && { hint: `the stages are ${[...this.#byName.keys()].slice(0, 12).join(', ')}` }),
    });
  }

  names(): readonly string[] {
    return this.listed.map(({ name }) => name).filter((name) => name !== '');
  }

  /** What a stage copies from or mounts. */
  needsOf(stage: Stage): readonly Stage[] {
    return [...(this.#needs.get(stage)?.keys() ?? [])];
  }

  /** Everything that building `targets` needs, themselves with it. */
  reachable(targets: readonly Stage[]): ReadonlySet<Stage> {
    const found = new Set(targets);
    for (const stage of found) {
      if (stage.base) found.add(stage.base);
      for (const need of this.#needs.get(stage)?.keys() ?? []) found.add(need);
    }
    return found;
  }

  /**
   * Puts the triggers of the base image, or of the stage below, in front of a stage's own instructions, once. Says
   * whether they read from something, which then may have to be resolved.
   */
  addTriggers(stage: Stage): boolean {
    if (this.#triggered.has(stage) || this.replaced.has(stage)) return false;
    this.#triggered.add(stage);
    const triggers = stage.base
      ? stage.base.commands.flatMap(({ instruction }) => (instruction.kind === 'onbuild' ? [instruction.trigger] : []))
      : stage.image.onBuild;
    if (!stage.base) stage.image.onBuild = [];
    const commands = triggers.map((trigger) =>
      placed(stage.range, () => this.#command(stage, readTrigger(trigger, stage), true)),
    );
    stage.commands = [...commands, ...stage.commands];
    stage.steps += commands.length;
    return commands.some(({ sources }) => sources.some((source) => source !== undefined));
  }

  #add(text: StageText, index: number, known: ReadonlySet<string>): Stage {
    const conversion = this.#conversion;
    const { from } = text;
    const { options, checks, globalArgs, escape } = conversion;
    const base = expand(from.base, globalArgs, { escape });
    checkDeclared(from, base, known, checks);
    if (base.text === '') throw mistake(`base name (${from.base}) should not be blank`, { token: from.base });
    const name = from.name || `stage-${index}`;
    const stage = new Stage(conversion, { text, name, baseName: base.text, range: from.node.range });
    if (from.platform) stage.platform = this.#platform(stage, { from, written: from.platform, known });
    stage.noCache = options.noCache === 'all' || (from.name !== '' && options.noCache.has(from.name));
    const context =
      from.name === ''
        ? undefined
        : findNamedContext(from.name, stage.platform ?? conversion.targetPlatform, options.contexts);
    if (context) this.replaced.set(stage, context);
    else {
      stage.base = this.#byName.get(base.text.toLowerCase());
      for (const used of [base.matched, stage.base?.asked.names ?? []])
        for (const each of used) stage.asked.names.add(each);
      const ownBase = base.text !== 'scratch' && !stage.base;
      stage.steps = (ownBase ? 1 : 0) + text.instructions.filter(isStep).length;
    }
    if (from.name !== '') this.#byName.set(from.name, stage);
    return stage;
  }

  #platform(
    stage: Stage,
    about: { readonly from: From; readonly written: string; readonly known: ReadonlySet<string> },
  ) {
    const { from, written, known } = about;
    const { checks, globalArgs, escape } = this.#conversion;
    const found = expand(written, globalArgs, { escape });
    checkDeclared(from, found, known, checks);
    checkPlatform(from, found, globalArgs, checks);
    for (const used of found.matched) stage.asked.names.add(used);
    const [unknown] = found.unmatched;
    const nearTo = unknown === undefined ? undefined : { word: unknown, candidates: globalArgs.keys() };
    if (found.text === '')
      throw mistake(`empty platform value from expression ${written}`, { token: written, ...(nearTo && { nearTo }) });
    try {
      return readPlatform(found.text);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw mistake(`failed to parse platform ${written}: ${why}`, { token: written, ...(nearTo && { nearTo }) });
    }
  }

  /** Finds what an instruction reads from. */
  #command(stage: Stage, instruction: Instruction, onBuild: boolean): Command {
    const { range } = instruction.node;
    return placed(onBuild ? stage.range : range, () => {
      let sources: readonly (Stage | undefined)[] = [];
      if (instruction.kind === 'copy' && instruction.from !== undefined) {
        checkCopyFrom(instruction, this.#conversion.escape);
        sources = [this.#copySource(instruction.from, stage, range)];
      } else if (instruction.kind === 'run') {
        sources = instruction.mounts.map(({ from }) =>
          from === '' || from === 'scratch'
            ? undefined
            : (this.#byName.get(from.toLowerCase()) ?? this.#image(from, range)),
        );
      }
      const needs = this.#needs.get(stage) ?? new Map<Stage, Instruction>();
      for (const source of sources) if (source) needs.set(source, instruction);
      if (needs.size > 0) this.#needs.set(stage, needs);
      return { instruction, sources, onBuild };
    });
  }

  #copySource(from: string, stage: Stage, range: Stage['range']): Stage {
    if (!/^[+-]?\d+$/.test(from)) return this.#byName.get(from.toLowerCase()) ?? this.#image(from, range);
    const listed = this.listed[Number(from)];
    if (!listed) throw mistake(`invalid stage index ${Number(from)}`, { token: from });
    return listed;
  }

  #image(name: string, range: Stage['range']): Stage {
    return new Stage(this.#conversion, { name, baseName: name, range });
  }

  /** A stage that copies from itself, however far around, can't be built. */
  #refuseCycles(): void {
    const finished = new Set<Stage>();
    for (const start of this.listed) {
      const path: { readonly stage: Stage; readonly needs: Iterator<[Stage, Instruction]> }[] = [];
      const onPath = new Set<Stage>();
      const enter = (stage: Stage) => {
        onPath.add(stage);
        path.push({ stage, needs: (this.#needs.get(stage) ?? new Map<Stage, Instruction>()).entries() });
      };
      if (!finished.has(start)) enter(start);
      for (let top = path.at(-1); top; top = path.at(-1)) {
        const next = top.needs.next();
        if (next.done) {
          finished.add(top.stage);
          onPath.delete(top.stage);
          path.pop();
          continue;
        }
        const [need, instruction] = next.value;
        if (onPath.has(need)) {
          throw mistake(`circular dependency detected on stage: ${start.name}`, { range: instruction.node.range });
        }
        if (!finished.has(need)) enter(need);
      }
    }
  }
}

/** Whether a command mounts something, or copies from what is no stage of the file. */
function readsImage({ instruction, sources }: Command): boolean {
  if (instruction.kind === 'run') return instruction.mounts.length > 0;
  return sources.some((source) => source && !source.text);
}

/** A trigger as an instruction. Its place is where the base image is named. */
function readTrigger(trigger: string, stage: Stage): Instruction {
  const { nodes, mistakes } = parse(trigger);
  if (mistakes[0])
    throw withPlace(mistake(`in the ONBUILD trigger ${goQuote(trigger)}: ${mistakes[0].failure.message}`), stage.range);
  const [node, ...more] = nodes;
  if (!node || more.length > 0) throw mistake('onbuild trigger should be a single expression');
  const instruction = readInstruction({ ...node, range: stage.range });
  if (instruction.kind === 'from') throw mistake("FROM isn't allowed as an ONBUILD trigger");
  return instruction;
}
