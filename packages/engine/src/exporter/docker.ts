import type { Descriptor } from '../oci/descriptor.ts';
import { encoded } from '../oci/digest.ts';
import { familiar, parseReference } from '../oci/reference.ts';
import { Failed } from '../std/failed.ts';
import { assemble, imageResponse, makesIndex, type Assembled } from './assemble.ts';
import { Attrs } from './attrs.ts';
import { fileDestination, writeTo } from './destination.ts';
import type { Exporter } from './exporter.ts';
import type { ExportFailure } from './failure.ts';
import { readImageOptions, type ImageOptions } from './image-options.ts';
import { layoutTar } from './layout-tar.ts';
import { datedRoot, jsonFile, layoutFiles, namedRoots, nameResponse } from './oci.ts';
import { step, stepWork } from './step.ts';

/**
 * What `docker load` reads: the tar of an OCI layout, and beside it Docker's own manifest.json. A file of one platform,
 * or a container engine that takes it, which may take several.
 */
export const dockerExporter: Exporter = {
  async check({ attrs, destination }, work) {
    readOptions(attrs);
    if (destination?.kind === 'loader') await destination.loader.check(work);
    else fileDestination('docker', destination);
  },

  async make(input, _deps, job) {
    const options = readOptions(input.attrs);
    const { destination } = input;
    const index = makesIndex(input, options);
    if (index && destination?.kind !== 'loader') {
      const message =
        'docker exporter does not currently support exporting manifest lists; use type=oci for several platforms and for attestations';
      throw new Failed<ExportFailure>({ kind: 'export-result', message });
    }
    const { signal } = job;
    const work = stepWork(input, job);
    const assembled = await assemble(input, options, work);
    const root = datedRoot(assembled.root, input, options);
    const files = layoutFiles(namedRoots(root, options.tags));
    const archive = () =>
      layoutTar(assembled, index ? files : [...files, dockerManifest(assembled, options)], { signal });
    const made = {
      response: { ...imageResponse(assembled, root), ...nameResponse(options) },
      digest: root.digest,
      size: assembled.size,
    };
    if (destination?.kind === 'loader') {
      const { loader } = destination;
      const image = { digest: root.digest, config: assembled.config, names: options.tags, archive };
      const load = async () => void (await loader.load(image, { signal }));
      return { ...made, finalise: () => step(`loading into ${loader.name}`, work, load) };
    }
    await step('sending tarball', work, () => writeTo(fileDestination('docker', destination), archive(), { signal }));
    return made;
  },
};

function readOptions(given: Readonly<Record<string, string>>): ImageOptions {
  const attrs = new Attrs('docker', given);
  const options = readImageOptions(attrs);
  attrs.end();
  return options;
}

function dockerManifest(assembled: Assembled, { tags }: ImageOptions): ReturnType<typeof jsonFile> {
  const [config, ...layers] = assembled.children(assembled.root);
  const path = ({ digest }: Descriptor) => `blobs/${digest.slice(0, digest.indexOf(':'))}/${encoded(digest)}`;
  return jsonFile('manifest.json', [
    {
      Config: path(config!),
      RepoTags: tags.length ? tags.map((name) => familiar(parseReference(name))) : null,
      Layers: layers.map(path),
    },
  ]);
}
