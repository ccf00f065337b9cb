import {
  bool,
  bytes,
  byteStrings,
  int32,
  int64,
  message,
  nested,
  oneOf,
  string,
  strings,
} from '../../../proto/message.ts';
import { platform, sourceOp } from './llb.ts';

export const resolveImageConfigRequest = message({
  ref: [1, string],
  platform: [2, nested(platform)],
  resolveMode: [3, string],
  logName: [4, string],
  resolverType: [5, oneOf('registry', 'oci-layout')],
  sessionId: [6, string],
  storeId: [7, string],
  sourcePolicies: [8, byteStrings],
});

export const resolveImageConfigResponse = message({ digest: [1, string], config: [2, bytes], ref: [3, string] });

const imageRequest = message({
  noConfig: [1, bool],
  attestationChain: [2, bool],
  resolveAttestations: [3, strings],
});

const gitRequest = message({ returnObject: [1, bool] });

const checksumRequest = message({ algorithm: [1, oneOf('sha256', 'sha384', 'sha512')], suffix: [2, bytes] });

const httpRequest = message({ checksum: [1, nested(checksumRequest)] });

export const resolveSourceMetaRequest = message({
  source: [1, nested(sourceOp)],
  platform: [2, nested(platform)],
  logName: [3, string],
  resolveMode: [4, string],
  git: [5, nested(gitRequest)],
  image: [6, nested(imageRequest)],
  http: [7, nested(httpRequest)],
  sourcePolicies: [8, byteStrings],
});

const imageResponse = message({ digest: [1, string], config: [2, bytes] });

const gitResponse = message({ checksum: [1, string], ref: [2, string], commitChecksum: [3, string] });

const timestamp = message({ seconds: [1, int64], nanos: [2, int32] });

const httpResponse = message({ checksum: [1, string], filename: [2, string], lastModified: [3, nested(timestamp)] });

export const resolveSourceMetaResponse = message({
  source: [1, nested(sourceOp)],
  image: [2, nested(imageResponse)],
  git: [3, nested(gitResponse)],
  http: [4, nested(httpResponse)],
});
