// What stages begin with: looks up images and named contexts.

import { fromDefinition } from '../../llb/definition-node.ts';
import { image } from '../../llb/sources.ts';
import { scratch } from '../../llb/state.ts';
import type { ImageConfig } from '../../oci/image-config.ts';
import { normalise, type Platform } from '../../oci/platform.ts';
import { normalised, parseReference, type Reference } from '../../oci/reference.ts';
import { goQuote } from '../../std/go-quote.ts';
import { isEmptyImage, platformOf, readImageConfig } from './base-config.ts';
import type { Surroundings } from './context.ts';
import { mistake, withPlace } from './failure.ts';
import { ImageDraft } from './image.ts';
import { findNamedContext, loadNamedContext, type NamedContext } from './named-context.ts';
import { formatPlatformFully } from './platform.ts';
import type { Stage } from './stage.ts';
import type { Stages } from './stages.ts';
import { stepName } from './step-name.ts';
import { noVariables } from './words.ts';

const wellKnown = ['alpine', 'busybox', 'centos', 'debian', 'golang', 'ubuntu', 'fedora'];

/** Looks up what a stage without a base in the file begins with. */
export async function resolveBase(stage: Stage, stages: Stages, surroundings: Surroundings): Promise<void> {
  const replacement = stages.replaced.get(stage);
  if (replacement) return replaceStage(stage, replacement, surroundings);
  const { targetPlatform, options } = stage.conversion;
  if (stage.baseName === 'scratch') {
    stage.state = scratch();
    stage.image = ImageDraft.empty(targetPlatform);
    stage.platform = targetPlatform;
    return;
  }
  const written = stage.baseName;
  const reference = referenceOf(stage, stages);
  const platform = stage.platform ?? targetPlatform;
  const context = findNamedContext(normalised(reference), platform, options.contexts);
  const use = { platform, paths: () => stage.paths };
  const given = context
    ? await loadNamedContext(context, use, surroundings)
    : await handedIn(written, platform, surroundings);
  if (given) {
    begin(stage, given, platform);
    stage.state = given.state.platform(platform);
  } else await pull(stage, { written, reference, platform, stages }, surroundings);
}

/** The full name of a stage's base image. Throws a mistake if it is no name. */
export function referenceOf(stage: Stage, stages: Stages): Reference {
  try {
    return parseReference(stage.baseName);
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).replace(/^invalid reference ".*?": /s, '');
    throw withPlace(
      mistake(`failed to parse stage name ${goQuote(stage.baseName)}: invalid reference format: ${why}`, {
        token: stage.baseName,
        nearTo: { word: stage.baseName, candidates: stages.names() },
      }),
      stage.range,
    );
  }
}

/** A named context with a stage's name takes the place of all of it. */
async function replaceStage(
  stage: Stage,
  context: { readonly key: string; readonly value: string },
  surroundings: Surroundings,
): Promise<void> {
  const platform = stage.platform ?? stage.conversion.targetPlatform;
  const { state, config } = await loadNamedContext(context, { platform, paths: () => stage.paths }, surroundings);
  stage.done = true;
  stage.state = state;
  if (!config) return;
  stage.image = ImageDraft.from(config);
  if (config.os && config.architecture) stage.platform = platformOf(config);
}

/** Another image of the same build, by the name that FROM uses. */
async function handedIn(name: string, platform: Platform, { bridge }: Surroundings): Promise<NamedContext | undefined> {
  const input = await bridge.input(name, platform);
  if (!input) return undefined;
  const state = fromDefinition(input.definition);
  return input.config ? { state: state.withImageConfig(input.config), config: input.config } : { state };
}

function begin(stage: Stage, { config }: NamedContext, platform: Platform): void {
  stage.image = config ? ImageDraft.from(config) : ImageDraft.empty(platform);
  if (config) stage.baseImage = config;
  stage.platform = platform;
}

async function pull(
  stage: Stage,
  about: { written: string; reference: Reference; platform: Platform; stages: Stages },
  { bridge, signal }: Surroundings,
): Promise<void> {
  const { conversion } = stage;
  const { options, checks } = conversion;
  const { written } = about;
  const reference = normalised(about.reference);
  const shown = options.multiPlatform ? `${formatPlatformFully(about.platform)} ` : '';
  let config: ImageConfig;
  let name: string;
  try {
    const found = await bridge.resolveImage(reference, {
      platform: about.platform,
      mode: options.resolveMode,
      logName: `[${shown}internal] load metadata for ${reference}`,
    });
    config = readImageConfig(found.config);
    name = normalised({
      ...parseReference(found.reference ?? reference),
      ...(found.digest && { digest: found.digest }),
    });
  } catch (error) {
    if (signal.aborted || !(error instanceof Error)) throw error;
    const candidates = [...about.stages.names(), ...wellKnown, ...wellKnown.map((known) => `${known}:latest`)];
    throw mistake(`${written}: ${error.message}`, {
      token: written,
      nearTo: { word: written, candidates },
      cause: error,
    });
  }
  let { platform } = about;
  if (!stage.platform && conversion.implicitTarget) platform = detected(config, platform, conversion.buildPlatform);
  stage.baseName = name;
  stage.baseImage = config;
  stage.image = ImageDraft.from(config);
  stage.platform = platform;
  if (isEmptyImage(config)) {
    stage.state = scratch();
    return;
  }
  const code = stage.text?.from.node.original.trim() ?? '';
  stage.state = image(name, {
    platform,
    resolveMode: options.resolveMode,
    description: { 'com.docker.dockerfile.v1.command': code },
    location: stage.location(stage.range),
    customName: stepName(`FROM ${name}`, stage.text ? stage.nextStep() : { index: 0, total: 0 }, {
      stage: stage.name,
      platform: options.multiPlatform ? platform : undefined,
      variables: noVariables,
      onBuild: false,
    }),
  });
  if (platform.os !== config.os || platform.architecture !== config.architecture) {
    const [wanted, actual] = [platform, platformOf(config)].map((each) => formatPlatformFully(normalise(each)));
    checks.warn(
      'InvalidBaseImagePlatform',
      `Base image ${written} was pulled with platform ${goQuote(actual!)}, expected ${goQuote(wanted!)} for current build`,
      stage.range,
      stage.text?.from.node.comments,
    );
  }
}

/** Where no platform was asked for, an image that the machine can build for decides. */
function detected(config: ImageConfig, target: Platform, build: Platform): Platform {
  const fits = (platform: Platform) => platform.os === config.os && platform.architecture === config.architecture;
  return !fits(target) && fits(build) ? build : target;
}
