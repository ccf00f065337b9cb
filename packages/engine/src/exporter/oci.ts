import { layoutIndex, layoutMarker, writeLayout } from '../content/layout.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { orderedDescriptor } from '../oci/index-json.ts';
import { parseReference } from '../oci/reference.ts';
import { goJson } from '../std/go-json.ts';
import { assemble, imageResponse } from './assemble.ts';
import { Attrs } from './attrs.ts';
import { fileDestination, folderDestination, writeTo } from './destination.ts';
import { rfc3339, timeOf } from './epoch.ts';
import type { Exporter, ExportInput } from './exporter.ts';
import { readImageOptions, type ImageOptions } from './image-options.ts';
import { layoutTar, type LayoutFile } from './layout-tar.ts';
import { step, stepWork } from './step.ts';

/** An OCI image layout: a tar, or with `tar=false` a folder, where it joins what is there. */
export const ociExporter: Exporter = {
  async check({ attrs, destination }) {
    const { tar } = readOptions(attrs);
    if (tar) fileDestination('oci', destination);
    else folderDestination('oci', destination);
  },

  async make(input, _deps, job) {
    const { tar, ...options } = readOptions(input.attrs);
    const { signal } = job;
    const work = stepWork(input, job);
    const assembled = await assemble(input, options, work);
    const root = datedRoot(assembled.root, input, options);
    const roots = namedRoots(root, options.tags);
    if (tar) {
      const destination = fileDestination('oci', input.destination);
      await step('sending tarball', work, () =>
        writeTo(destination, layoutTar(assembled, layoutFiles(roots), { signal }), { signal }),
      );
    } else {
      const folder = folderDestination('oci', input.destination);
      await step('copying files', work, () => writeLayout(folder, { roots, from: assembled, signal }));
    }
    return {
      response: { ...imageResponse(assembled, root), ...nameResponse(options) },
      digest: root.digest,
      size: assembled.size,
    };
  },
};

function readOptions(given: Readonly<Record<string, string>>): ImageOptions & { readonly tar: boolean } {
  const attrs = new Attrs('oci', given);
  const options = { ...readImageOptions(attrs), tar: attrs.flag('tar') ?? true };
  attrs.end();
  return options;
}

/** The root as a layout's index lists it: with the time of its making. */
export function datedRoot(root: Descriptor, { images }: ExportInput, { created }: ImageOptions): Descriptor {
  const key = 'org.opencontainers.image.created';
  const time = rfc3339(timeOf(created, images[0]?.epoch));
  return orderedDescriptor({ ...root, annotations: { [key]: time, ...root.annotations } });
}

/** One entry of the index for each name, or one without. */
export function namedRoots(root: Descriptor, tags: readonly string[]): readonly Descriptor[] {
  if (tags.length === 0) return [root];
  return tags.map((name) => {
    const { tag, digest } = parseReference(name);
    const annotations = {
      ...root.annotations,
      'io.containerd.image.name': name,
      'org.opencontainers.image.ref.name': tag ?? (digest ? name : 'latest'),
    };
    return orderedDescriptor({ ...root, annotations });
  });
}

/** The files of a layout that are no blobs. */
export function layoutFiles(roots: readonly Descriptor[]): readonly LayoutFile[] {
  return [
    { name: 'index.json', bytes: Buffer.from(layoutIndex(roots)), mode: 0o644 },
    { name: 'oci-layout', bytes: Buffer.from(layoutMarker()), mode: 0o444 },
  ];
}

export function nameResponse({ tags }: ImageOptions): Record<string, string> {
  return tags.length ? { 'image.name': tags.join(',') } : {};
}

/** JSON in one line, as Go writes it. */
export function jsonFile(name: string, value: unknown): LayoutFile {
  return { name, bytes: Buffer.from(goJson(value)), mode: 0o644 };
}
