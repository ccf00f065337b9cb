// What a frontend in a container and the engine say to each other: BuildKit's service LLBBridge.

import { message, oneOf, string } from '../../proto/message.ts';
import { bidi, unary } from '../../rpc/service.ts';
import { execMessage, newContainerRequest, releaseContainerRequest } from './messages/containers.ts';
import {
  readDirRequest,
  readDirResponse,
  readFileRequest,
  readFileResponse,
  statFileRequest,
  statFileResponse,
} from './messages/files.ts';
import { pongResponse, warnRequest } from './messages/ping.ts';
import { returnRequest } from './messages/result.ts';
import { inputsResponse, solveRequest, solveResponse } from './messages/solve.ts';
import {
  resolveImageConfigRequest,
  resolveImageConfigResponse,
  resolveSourceMetaRequest,
  resolveSourceMetaResponse,
} from './messages/sources.ts';

const empty = message({});

export const llbBridge = {
  name: 'moby.buildkit.v1.frontend.LLBBridge',
  methods: {
    ping: unary('Ping', empty, pongResponse),
    solve: unary('Solve', solveRequest, solveResponse),
    resolveImageConfig: unary('ResolveImageConfig', resolveImageConfigRequest, resolveImageConfigResponse),
    resolveSourceMeta: unary('ResolveSourceMeta', resolveSourceMetaRequest, resolveSourceMetaResponse),
    readFile: unary('ReadFile', readFileRequest, readFileResponse),
    readDir: unary('ReadDir', readDirRequest, readDirResponse),
    statFile: unary('StatFile', statFileRequest, statFileResponse),
    evaluate: unary('Evaluate', message({ ref: [1, string] }), empty),
    inputs: unary('Inputs', empty, inputsResponse),
    return: unary('Return', returnRequest, empty),
    warn: unary('Warn', warnRequest, empty),
    newContainer: unary('NewContainer', newContainerRequest, empty),
    releaseContainer: unary('ReleaseContainer', releaseContainerRequest, empty),
    execProcess: bidi('ExecProcess', execMessage, execMessage),
    readFileContainer: unary('ReadFileContainer', readFileRequest, readFileResponse),
    readDirContainer: unary('ReadDirContainer', readDirRequest, readDirResponse),
    statFileContainer: unary('StatFileContainer', statFileRequest, statFileResponse),
  },
} as const;

/** Whether the other side is there; asked by some clients before anything else. */
export const health = {
  name: 'grpc.health.v1.Health',
  methods: {
    check: unary('Check', message({ service: [1, string] }), message({ status: [1, oneOf('unknown', 'serving')] })),
  },
} as const;
