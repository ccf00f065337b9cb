import { bool, byteStrings, bytes, int64, mapOf, message, nested, repeated, string } from '../../../proto/message.ts';
import { platform, sourceInfo, sourceRange } from './llb.ts';

const capability = message({
  id: [1, string],
  enabled: [2, bool],
  deprecated: [3, bool],
  disabledReason: [4, string],
  disabledReasonMessage: [5, string],
  disabledAlternative: [6, string],
});

const worker = message({ id: [1, string], labels: [2, mapOf(string)], platforms: [3, repeated(platform)] });

export const pongResponse = message({
  frontendCapabilities: [1, repeated(capability)],
  llbCapabilities: [2, repeated(capability)],
  workers: [3, repeated(worker)],
});

export const warnRequest = message({
  digest: [1, string],
  level: [2, int64],
  short: [3, bytes],
  detail: [4, byteStrings],
  url: [5, string],
  info: [6, nested(sourceInfo)],
  ranges: [7, repeated(sourceRange)],
});
