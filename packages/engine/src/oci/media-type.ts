/** Media types of the OCI image spec and of Docker's schema 2, with what they mean. */
export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
  inToto: 'application/vnd.in-toto+json',
  /** The config of what is no image: `{}`. */
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  /** The artifact type of a manifest of attestations. */
  attestationManifest: 'application/vnd.docker.attestation.manifest.v1+json',
} as const;

export type Compression = 'uncompressed' | 'gzip' | 'zstd';

export function isIndex(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerIndex;
}

export function isManifest(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

/** How a layer of this media type is compressed; undefined for what is no layer. */
export function layerCompression(mediaType: string): Compression | undefined {
  const plain = mediaType.replace('.nondistributable', '').replace('.foreign', '');
  if (plain === mediaTypes.ociLayer || plain === mediaTypes.dockerLayer) return 'uncompressed';
  if (plain === mediaTypes.ociLayerGzip || plain === mediaTypes.dockerLayerGzip) return 'gzip';
  if (plain === mediaTypes.ociLayerZstd || plain === mediaTypes.dockerLayerZstd) return 'zstd';
  return undefined;
}

const ociLayers = {
  uncompressed: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
} as const;
const dockerLayers = {
  uncompressed: mediaTypes.dockerLayer,
  gzip: mediaTypes.dockerLayerGzip,
  zstd: mediaTypes.dockerLayerZstd,
} as const;

/** The media type of a layer that is compressed in this way. */
export function layerMediaType(compression: Compression, family: 'oci' | 'docker' = 'oci'): string {
  return (family === 'oci' ? ociLayers : dockerLayers)[compression];
}
