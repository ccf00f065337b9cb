import type { OpMetadata } from './metadata.ts';

/** What definitions may ask of an engine, as BuildKit v0.32 names it; its own misspelling included. */
export const llbCapabilities: ReadonlySet<string> = new Set(
  `
  source.image source.image.resolvemode source.image.layerlimit source.image.checksum
  source.local source.local.unique source.local.sessionid source.local.includepatterns source.local.followpaths
  source.local.excludepatterns source.local.sharedkeyhint source.local.differ source.local.metadatatransfer
  source.git source.git.keepgitdir source.git.fullurl source.git.httpauth source.git.knownsshhosts
  source.git.mountsshsock source.git.subdir source.git.checksum source.git.skipsubmodules source.git.signatureverify
  source.git.mtime source.git.fetchbycommit source.git.bundle source.git.checkoutbundle
  source.http source.http.auth source.http.checksum source.http.perm soruce.http.uidgid source.http.header
  source.http.signatureverify source.imageblob source.ocilayout source.buildop.llbfilename
  exec.meta.base exec.meta.cgroup.parent exec.meta.network exec.meta.network.proxy exec.meta.proxyenv
  exec.meta.security exec.meta.security.devices.v1 exec.meta.setsdefaultpath exec.meta.ulimit exec.meta.cdi
  exec.meta.removemountstubs.recursive exec.meta.linux.resources
  exec.mount.bind exec.mount.bind.readwrite-nooutput exec.mount.cache exec.mount.cache.sharing exec.mount.selector
  exec.mount.tmpfs exec.mount.tmpfs.size exec.mount.secret exec.mount.ssh exec.mount.cache.content
  exec.cgroup exec.secretenv exec.validexitcode
  file.base file.rm.wildcard file.copy.includeexcludepatterns file.copy.requiredpaths file.rm.nofollowsymlink
  file.copy.alwaysreplaceexistingdestpaths file.copy.modestring file.symlink.create
  constraints platform meta.ignorecache meta.description meta.exportcache
  cache.gha cache.s3 cache.azblob mergeop diffop passthroughop
  exporter.image.annotations exporter.image.attestations exporter.sourcedateepoch exporter.multiple exporter.session
  source.policy source.policy.session gc.freespacefilter history.filter
  `.match(/\S+/g)!,
);

/** What frontends may ask of the bridge that runs them, as BuildKit v0.32 names it. */
export const gatewayCapabilities: ReadonlySet<string> = new Set(
  `
  solve.base solve.inlinereturn resolveimage resolveimage.resolvemode readfile return returnmap readdir statfile
  importcaches proto.refarray reference.output frontend.inputs gateway.solve.metadata gateway.exec
  gateway.exec.extrahosts gateway.exec.secretenv gateway.exec.signals gateway.exec.filesystem frontend.caps
  gateway.solve.evaluate gateway.evaluate gateway.warnings reference.attestations source.metaresolver
  source.metaresolver.image.attestations source.metaresolver.http.checksumrequest
  `.match(/\S+/g)!,
);

/** What the terminal entry of a definition asks for, given the metadata of its ops. */
export function terminalCapabilities(ops: Iterable<OpMetadata>): readonly string[] {
  let [ignores, describes, exports] = [false, false, false];
  for (const { ignoreCache, description, exportCache } of ops) {
    ignores ||= ignoreCache === true;
    describes ||= description !== undefined;
    exports ||= exportCache !== undefined;
  }
  return [
    'constraints',
    'platform',
    ...(ignores ? ['meta.ignorecache'] : []),
    ...(describes ? ['meta.description'] : []),
    ...(exports ? ['meta.exportcache'] : []),
  ];
}
