/*
 * For those who write a frontend: `import { llb, runFrontend } from '@monokit/engine/gateway'`.
 *
 *     await runFrontend(async (client) => {
 *       const folder = await client.solve(llb.local('dockerfile', { followPaths: ['Recipe'] }));
 *       const recipe = await folder.readText('Recipe');
 *       const images = client.platforms.map(async (platform) => {
 *         const ref = await client.solve(stateOf(recipe), { platform });
 *         return { platform, ref, config: { ...platform, config: { Cmd: ['/app'] } } };
 *       });
 *       return { images: await Promise.all(images) };
 *     });
 *
 * It runs in the container of any engine that speaks BuildKit's gateway, and needs nothing but Node.
 */

export * as llb from '../../llb/llb.ts';
export type { Definition } from '../../llb/definition.ts';
export type { Result } from '../../llb/result.ts';
export type { State } from '../../llb/state.ts';
export type { Digest } from '../../oci/digest.ts';
export type { ImageConfig } from '../../oci/image-config.ts';
export { formatPlatform, parsePlatform, type Platform } from '../../oci/platform.ts';
export type { TreeEntry } from '../program-bridge.ts';
export { FrontendClient, type SolveOptions, type WarnOptions } from './client/client.ts';
export { FrontendContainer, type ContainerMount, type ContainerOptions } from './client/container.ts';
export type { FrontendEnvironment, Worker } from './client/environment.ts';
export { FrontendError, type TextPlace } from './client/error.ts';
export { ProcessExit, type ProcessOptions, type RunningProcess } from './client/processes.ts';
export { Reference, type FileRange } from './client/reference.ts';
export { runFrontend, type FrontendOutput, type RunFrontendOptions } from './client/run.ts';
export type { ImageOf } from './results.ts';
