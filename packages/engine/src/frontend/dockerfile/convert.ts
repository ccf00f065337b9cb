// One Dockerfile for one platform → its definition and image config.

import type { SourceMap } from '../../llb/source-map.ts';
import { suppliedLater } from '../../llb/state.ts';
import { hostPlatform, normalise, type Platform } from '../../oci/platform.ts';
import { PatternMatcher } from '../../std/patterns.ts';
import type { FrontendImage } from '../frontend.ts';
import { predefinedArgs, proxyOf, withGlobalArgs } from './args.ts';
import { referenceOf, resolveBase } from './bases.ts';
import type { Checks } from './checks.ts';
import type { DockerfileText, MainContext, Surroundings } from './context.ts';
import type { Conversion } from './conversion.ts';
import { epochArg, resolveEpoch } from './epoch.ts';
import { mistake, placed, withPlace } from './failure.ts';
import { checkDefaults } from './from-checks.ts';
import { defaultPath } from './image.ts';
import { convertInstruction } from './instruction.ts';
import { setWorkdir } from './instructions/workdir.ts';
import type { Options } from './options.ts';
import type { Program } from './read.ts';
import { scannedBeside } from './scanned.ts';
import type { Stage } from './stage.ts';
import { Stages } from './stages.ts';
import { Suggestions } from './suggestions.ts';

/** A Dockerfile that was read, and everything around it that is the same for every platform. */
export interface Source {
  readonly program: Program;
  readonly dockerfile: DockerfileText;
  readonly sourceMap: SourceMap;
  readonly context: MainContext;
  readonly escape: string;
  readonly checks: Checks;
}

export interface ConvertOptions {
  /** Undefined if none was asked for. */
  readonly platform: Platform | undefined;
  /** Converts stages that the target does not need too, to check them. */
  readonly allStages?: boolean;
}

/** Converts for one platform. Throws mistakes. */
export async function convertFor(
  source: Source,
  asked: ConvertOptions,
  surroundings: Surroundings,
): Promise<FrontendImage> {
  const { target, stages, conversion } = await convertStages(source, asked, surroundings);
  const definition = await target.state.marshal({
    platform: conversion.targetPlatform,
    localUniqueId: surroundings.uniqueId,
  });
  const config = target.image.finish();
  const scanned = surroundings.options.scans ? await scannedBeside(target, stages, surroundings) : undefined;
  return {
    platform: conversion.implicitTarget ? normalise(target.image.platform) : conversion.targetPlatform,
    definition,
    config,
    ...(target.baseImage && { baseConfig: target.baseImage }),
    ...(conversion.epoch !== undefined && { epoch: conversion.epoch }),
    ...(scanned && scanned.size > 0 && { scanned }),
  };
}

/** Converts the stages that the target needs, or all of them. Throws mistakes. */
export async function convertStages(
  source: Source,
  { platform, allStages = false }: ConvertOptions,
  surroundings: Surroundings,
): Promise<{ readonly target: Stage; readonly stages: Stages; readonly conversion: Conversion }> {
  const contextPaths = new Set<string>();
  let patterns: readonly string[] = [];
  const conversion = await prepare(source, platform, surroundings, () => source.context.state(contextPaths, patterns));
  const { options, checks } = conversion;
  const stages = new Stages(source.program, conversion);
  const target = stages.target(options.target);
  const needed = await resolveStages(stages, target, { ...surroundings, options }, allStages);
  if ([...needed].some(readsContext)) {
    patterns = await source.context.ignorePatterns(source.dockerfile);
    if (patterns.length > 0) conversion.ignored = readPatterns(patterns);
  }
  for (const stage of stages.listed) {
    if (!needed.has(stage) || stage.done) continue;
    convertStage(stage);
    for (const path of stage.contextPaths) contextPaths.add(path);
  }
  // All of the target is used, whoever reads from it.
  target.paths.add('/');
  finishImage(target);
  checks.enforce();
  return { target, stages, conversion };
}

async function prepare(
  { program, sourceMap, context, escape, checks }: Source,
  platform: Platform | undefined,
  surroundings: Surroundings,
  contextState: () => Conversion['buildContext'],
): Promise<Conversion> {
  const buildPlatform = surroundings.buildPlatform ?? hostPlatform();
  const targetPlatform = platform ?? buildPlatform;
  const buildArgs = new Map(surroundings.options.buildArgs);
  const stageName = surroundings.options.target || program.stages.at(-1)!.from.name;
  const predefined = predefinedArgs({ build: buildPlatform, target: targetPlatform }, stageName, buildArgs);
  checkDefaults(
    program.stages.map(({ from }) => from),
    predefined,
    program.globalArgs,
    { escape, checks },
  );
  const { globals, ...declared } = withGlobalArgs(predefined, program.globalArgs, { given: buildArgs, escape });
  let globalArgs = declared.args;
  const asked = buildArgs.get(epochArg) ?? globalArgs.get(epochArg) ?? '';
  const about = { context, stages: program.stages, globalArgs, escape, platform: targetPlatform };
  const epoch = await resolveEpoch(asked, about, surroundings);
  // From here on it is the number, whatever it was written as.
  if (buildArgs.has(epochArg)) {
    if (epoch === undefined) buildArgs.delete(epochArg);
    else buildArgs.set(epochArg, String(epoch));
  }
  if (globalArgs.has(epochArg)) {
    globalArgs = epoch === undefined ? globalArgs.delete(epochArg) : globalArgs.set(epochArg, String(epoch));
  }
  const options: Options = { ...surroundings.options, buildArgs };
  return {
    options,
    checks,
    suggestions: new Suggestions(),
    escape,
    sourceMap,
    buildPlatform,
    targetPlatform,
    implicitTarget: platform === undefined,
    globalArgs,
    declaredGlobals: globals,
    proxy: proxyOf(buildArgs),
    epoch,
    buildContext: suppliedLater(contextState),
    ignored: undefined,
  };
}

/** Looks up the bases of all stages that the target needs; triggers of base images may make it need more. */
async function resolveStages(
  stages: Stages,
  target: Stage,
  surroundings: Surroundings,
  allStages: boolean,
): Promise<ReadonlySet<Stage>> {
  for (const stage of stages.listed) {
    if (!stage.base && stage.baseName !== 'scratch' && !stages.replaced.has(stage)) referenceOf(stage, stages);
  }
  const resolved = new Set<Stage>();
  for (;;) {
    const needed = stages.reachable(allStages ? [target, ...stages.listed] : [target]);
    const open = [...needed].filter((stage) => !stage.base && !resolved.has(stage));
    await Promise.all(
      open.map(async (stage) => {
        resolved.add(stage);
        try {
          await resolveBase(stage, stages, surroundings);
        } catch (error) {
          throw withPlace(error, stage.range);
        }
        if (!stage.text) stage.done = true;
      }),
    );
    let more = false;
    for (const stage of needed) more = stages.addTriggers(stage) || more;
    if (!more) return needed;
  }
}

function convertStage(stage: Stage): void {
  stage.inherit();
  stage.done = true;
  stage.platform ??= stage.conversion.targetPlatform;
  const { image, conversion } = stage;
  if (!image.env.has('PATH') && stage.os !== 'windows') {
    image.setEnv('PATH', defaultPath(stage.os));
    stage.variablesInOrder = false;
  }
  placed(stage.range, () => {
    if (!stage.variablesInOrder) for (const [key, value] of image.env) stage.state = stage.state.env(key, value ?? '');
    stage.variablesInOrder = true;
    if (conversion.options.hostname !== '') stage.state = stage.state.hostname(conversion.options.hostname);
    if (image.workdir !== '') setWorkdir(image.workdir, stage);
    if (image.user !== '') stage.state = stage.state.user(image.user);
    stage.state = stage.state.network(conversion.options.network);
  });
  for (const command of stage.commands) {
    const where = command.onBuild ? stage.range : command.instruction.node.range;
    placed(where, () => stage.doing(command, () => convertInstruction(command, stage)));
  }
}

/** What the caller says of the image has the last word. */
function finishImage(target: Stage): void {
  const { image, conversion } = target;
  const { options, implicitTarget, targetPlatform: wanted } = conversion;
  for (const [key, value] of options.labels) image.setLabel(key, value);
  if (implicitTarget) return;
  const { platform: has } = image;
  const same = has.os === wanted.os && has.architecture === wanted.architecture;
  const variant = wanted.variant ?? (same ? has.variant : undefined);
  const version = wanted['os.version'] ?? (same ? has['os.version'] : undefined);
  const features = wanted['os.features'] ?? has['os.features'];
  image.platform = {
    os: wanted.os,
    architecture: wanted.architecture,
    ...(variant && { variant }),
    ...(version && { 'os.version': version }),
    ...(features?.length && { 'os.features': features }),
  };
}

/** Whether a stage may read from the build context, so that its ignore file counts. */
function readsContext({ commands }: Stage): boolean {
  return commands.some(({ instruction }) => {
    if (instruction.kind === 'add') return true;
    if (instruction.kind === 'copy') return instruction.from === undefined && instruction.operands.sources.length > 0;
    return instruction.kind === 'run' && instruction.mounts.some(({ from }) => from === '');
  });
}

function readPatterns(patterns: readonly string[]): PatternMatcher {
  try {
    return new PatternMatcher(patterns);
  } catch (error) {
    throw mistake(`in .dockerignore: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
