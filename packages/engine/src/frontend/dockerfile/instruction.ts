// All instructions there are. One of them is read and converted in one file of instructions/.

import { mistake } from './failure.ts';
import { convertAdd, readAdd, type Add } from './instructions/add.ts';
import { convertArg, readArg, type Arg } from './instructions/arg.ts';
import { convertCmd, readCmd, type Cmd } from './instructions/cmd.ts';
import { convertCopy, readCopy, type Copy } from './instructions/copy.ts';
import { convertEntrypoint, readEntrypoint, type Entrypoint } from './instructions/entrypoint.ts';
import { convertEnv, readEnv, type Env } from './instructions/env.ts';
import { convertExpose, readExpose, type Expose } from './instructions/expose.ts';
import { readFrom, type From } from './instructions/from.ts';
import { convertHealthcheck, readHealthcheck, type HealthcheckInstruction } from './instructions/healthcheck.ts';
import { convertLabel, readLabel, type Label } from './instructions/label.ts';
import { convertMaintainer, readMaintainer, type Maintainer } from './instructions/maintainer.ts';
import { convertOnBuild, readOnBuild, type OnBuild } from './instructions/onbuild.ts';
import { convertRun, readRun, type Run } from './instructions/run.ts';
import { convertShell, readShell, type Shell } from './instructions/shell.ts';
import { convertStopSignal, readStopSignal, type StopSignal } from './instructions/stopsignal.ts';
import { convertUser, readUser, type User } from './instructions/user.ts';
import { convertVolume, readVolume, type Volume } from './instructions/volume.ts';
import { convertWorkdir, readWorkdir, type Workdir } from './instructions/workdir.ts';
import type { Node } from './parse.ts';
import type { Command, Stage } from './stage.ts';

/** Everything that may stand in a stage. */
export type Instruction =
  | Add
  | Arg
  | Cmd
  | Copy
  | Entrypoint
  | Env
  | Expose
  | HealthcheckInstruction
  | Label
  | Maintainer
  | OnBuild
  | Run
  | Shell
  | StopSignal
  | User
  | Volume
  | Workdir;

type Readers = {
  readonly [K in Instruction['kind'] | 'from']: (node: Node) => Extract<Instruction | From, { kind: K }>;
};

export const readers: Readers = {
  add: readAdd,
  arg: readArg,
  cmd: readCmd,
  copy: readCopy,
  entrypoint: readEntrypoint,
  env: readEnv,
  expose: readExpose,
  from: readFrom,
  healthcheck: readHealthcheck,
  label: readLabel,
  maintainer: readMaintainer,
  onbuild: readOnBuild,
  run: readRun,
  shell: readShell,
  stopsignal: readStopSignal,
  user: readUser,
  volume: readVolume,
  workdir: readWorkdir,
};

/** Reads an instruction; throws a mistake. */
export function readInstruction(node: Node): Instruction | From {
  const name = node.keyword.toLowerCase();
  if (!isInstruction(name)) {
    const upper = node.keyword === node.keyword.toLowerCase() && node.keyword !== node.keyword.toUpperCase();
    const candidates = Object.keys(readers).map((known) => (upper ? known : known.toUpperCase()));
    const short = node.keyword.slice(0, 100);
    throw mistake(`unknown instruction: ${short}`, { token: short, nearTo: { word: short, candidates } });
  }
  return readers[name](node);
}

/** Whether an instruction is a step of its own in the progress. */
export function isStep({ kind }: Instruction): boolean {
  return kind === 'add' || kind === 'copy' || kind === 'run' || kind === 'workdir';
}

type Converters = {
  readonly [K in Instruction['kind']]: (
    instruction: Extract<Instruction, { kind: K }>,
    stage: Stage,
    command: Command,
  ) => void;
};

const converters: Converters = {
  add: convertAdd,
  arg: convertArg,
  cmd: convertCmd,
  copy: convertCopy,
  entrypoint: convertEntrypoint,
  env: convertEnv,
  expose: convertExpose,
  healthcheck: convertHealthcheck,
  label: convertLabel,
  maintainer: convertMaintainer,
  onbuild: convertOnBuild,
  run: convertRun,
  shell: convertShell,
  stopsignal: convertStopSignal,
  user: convertUser,
  volume: convertVolume,
  workdir: convertWorkdir,
};

/** Does to the stage what the instruction says. Throws a mistake. */
export function convertInstruction(command: Command, stage: Stage): void {
  const { instruction } = command;
  const convert = converters[instruction.kind] as (instruction: Instruction, stage: Stage, command: Command) => void;
  convert(instruction, stage, command);
}

function isInstruction(name: string): name is keyof Readers {
  return Object.hasOwn(readers, name);
}
