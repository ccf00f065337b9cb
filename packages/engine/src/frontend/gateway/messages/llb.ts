// Messages of LLB that gateway messages have in them, as llb/ writes and reads them.

import { decodeDefinition, encodeDefinition, type Definition } from '../../../llb/definition.ts';
import {
  decodeHostIp,
  decodeMeta,
  decodeSecretEnv,
  encodeHostIp,
  encodeMeta,
  encodeSecretEnv,
  networkModes,
  securityModes,
  type ExecMeta,
  type HostIp,
  type SecretEnv,
} from '../../../llb/exec.ts';
import { decodeMount, encodeMount, type Mount } from '../../../llb/mount.ts';
import { decodePlatform, encodePlatform } from '../../../llb/platform.ts';
import { decodeInfo, decodeRange, encodeInfo, encodeRange, type SourceInfo } from '../../../llb/source-info.ts';
import type { SourceRange } from '../../../llb/source-map.ts';
import { decodeSource, encodeSource, type SourceOp } from '../../../llb/source.ts';
import type { Platform } from '../../../oci/platform.ts';
import { oneOf, type Message } from '../../../proto/message.ts';

export const definition: Message<Definition> = {
  write: (writer, value) => encodeDefinition(writer, value as Definition),
  read: decodeDefinition,
};

export const platform: Message<Platform> = {
  write: (writer, value) => encodePlatform(writer, value as Platform),
  read: decodePlatform,
};

export const mount: Message<Mount> = {
  write: (writer, value) => encodeMount(writer, value as Mount),
  read: decodeMount,
};

export const hostIp: Message<HostIp> = {
  write: (writer, value) => encodeHostIp(writer, value as HostIp),
  read: decodeHostIp,
};

export const execMeta: Message<ExecMeta> = {
  write: (writer, value) => encodeMeta(writer, value as ExecMeta),
  read: decodeMeta,
};

export const secretEnv: Message<SecretEnv> = {
  write: (writer, value) => encodeSecretEnv(writer, value as SecretEnv),
  read: decodeSecretEnv,
};

export const sourceInfo: Message<SourceInfo> = {
  write: (writer, value) => encodeInfo(writer, value as SourceInfo),
  read: decodeInfo,
};

export const sourceRange: Message<SourceRange> = {
  write: (writer, value) => encodeRange(writer, value as SourceRange),
  read: decodeRange,
};

export const sourceOp: Message<SourceOp> = {
  write: (writer, value) => encodeSource(writer, value as SourceOp),
  read: (reader) => decodeSource(reader, { inputs: [] }),
};

export const network = oneOf(...networkModes);
export const security = oneOf(...securityModes);
