import {
  bool,
  bytes,
  byteStrings,
  mapOf,
  mapOfMessages,
  message,
  nested,
  repeated,
  string,
  type MessageOf,
} from '../../../proto/message.ts';
import { definition } from './llb.ts';
import { result } from './result.ts';

const cacheImport = message({ type: [1, string], attrs: [2, mapOf(string)] });

export const solveRequest = message({
  definition: [1, nested(definition)],
  frontend: [2, string],
  frontendOptions: [3, mapOf(string)],
  allowResultReturn: [5, bool],
  allowResultArrayRef: [6, bool],
  /** The result of the build, from clients that know no Return. */
  final: [10, bool],
  /** JSON with the metadata of a final result. */
  exporterAttrs: [11, bytes],
  cacheImports: [12, repeated(cacheImport)],
  frontendInputs: [13, mapOfMessages(definition)],
  evaluate: [14, bool],
  sourcePolicies: [15, byteStrings],
});

export type SolveRequestMessage = MessageOf<typeof solveRequest>;

export const solveResponse = message({ refDeprecated: [1, string], result: [3, nested(result)] });

export const inputsResponse = message({ definitions: [1, mapOfMessages(definition)] });
