import {
  bytes,
  mapOf,
  mapOfMessages,
  message,
  nested,
  oneOf,
  presentString,
  repeated,
  string,
  strings,
  type MessageOf,
} from '../../../proto/message.ts';
import { statusMessage } from '../../../rpc/status.ts';
import { definition } from './llb.ts';

/** What was solved, by an id that means something to this connection alone; '' is an empty filesystem. */
const ref = message({ id: [1, string], definition: [2, nested(definition)] });

const refMap = message({ refs: [1, mapOfMessages(ref)] });

/** What clients older than the capability `proto.refarray` send and get. */
const refMapDeprecated = message({ refs: [1, mapOf(string)] });

const subject = message({
  kind: [1, oneOf('self', 'raw')],
  digests: [2, strings],
  name: [3, string],
});

const attestation = message({
  kind: [1, oneOf('in-toto', 'bundle')],
  metadata: [2, mapOf(bytes)],
  ref: [3, nested(ref)],
  path: [4, string],
  predicateType: [5, string],
  subjects: [6, repeated(subject)],
});

const attestations = message({ attestations: [1, repeated(attestation)] });

/** One of `refDeprecated`, `refsDeprecated`, `ref` and `refs`; with none of them it is only metadata. */
export const result = message({
  refDeprecated: [1, presentString],
  refsDeprecated: [2, nested(refMapDeprecated)],
  ref: [3, nested(ref)],
  refs: [4, nested(refMap)],
  metadata: [10, mapOf(bytes)],
  attestations: [12, mapOfMessages(attestations)],
});

export type RefMessage = MessageOf<typeof ref>;
export type ResultMessage = MessageOf<typeof result>;
export type AttestationMessage = MessageOf<typeof attestation>;

export const returnRequest = message({ result: [1, nested(result)], error: [2, nested(statusMessage)] });
