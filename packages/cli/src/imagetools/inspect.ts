import {
  formatLocation,
  withDigest,
  type Inspected,
  type InspectedImage,
  type Location,
} from '@monokit/engine/imagetools';
import { formatPlatform } from '@monokit/engine/oci/platform';
import { renderTemplate } from './go-template.ts';

/** What buildx prints of an image: its names and those in it, by a template where one is given. */
export async function inspectText(
  name: string,
  location: Location,
  { inspected, format }: { readonly inspected: Inspected; readonly format: string | undefined },
): Promise<string> {
  if (format === undefined || /^\{\{\s*\.Manifest\s*\}\}$/.test(format.trim())) return tableOf(location, inspected);
  const images = await inspected.images();
  const [only, ...others] = images.values();
  const several = others.length > 0;
  const each = async <T>(ask: (image: InspectedImage) => Promise<T & object>) => {
    const answers = await Promise.all(
      [...images].map(async ([platform, image]) => [platform, await ask(image)] as const),
    );
    // An image of which nothing is said is left out.
    return Object.fromEntries(answers.filter(([, answer]) => Object.keys(answer).length > 0));
  };
  return renderTemplate(format, {
    name,
    manifest: manifestOf(inspected),
    image: several ? Object.fromEntries([...images].map(([platform, { config }]) => [platform, config])) : only?.config,
    // Functions are no members: `{{json .}}` doesn't show them.
    SBOM: async () => sorted(await (several ? each((image) => image.sbom()) : (only?.sbom() ?? {}))),
    Provenance: async () => sorted(await (several ? each((image) => image.provenance()) : (only?.provenance() ?? {}))),
  });
}

function manifestOf({ descriptor, index }: Inspected): unknown {
  const { mediaType, digest, size } = descriptor;
  if (!index) return descriptor;
  const { schemaVersion, manifests, annotations } = index;
  return {
    schemaVersion,
    mediaType: index.mediaType ?? mediaType,
    digest,
    size,
    manifests,
    ...(annotations && { annotations }),
  };
}

function tableOf(location: Location, { descriptor, index }: Inspected): string {
  const table = new Table();
  table.row('Name:', formatLocation(location));
  table.row('MediaType:', descriptor.mediaType);
  table.row('Digest:', descriptor.digest);
  table.flush();
  if (!index) return table.text;
  table.row('', '');
  table.row('Manifests:', '');
  table.flush();
  for (const [i, { digest, mediaType, platform, annotations, urls }] of index.manifests.entries()) {
    if (i > 0) table.row('', '');
    table.row('  Name:', formatLocation(withDigest(location, digest)));
    table.row('  MediaType:', mediaType);
    if (!platform) continue;
    table.row('  Platform:', formatPlatform(platform));
    if (platform['os.version']) table.row('  OSVersion:', platform['os.version']);
    if (platform['os.features']?.length) table.row('  OSFeatures:', platform['os.features'].join(', '));
    if (urls?.length) table.row('  URLs:', urls.join(', '));
    const notes = Object.entries(annotations ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    if (notes.length === 0) continue;
    table.row('  Annotations:', '');
    table.flush();
    for (const [key, value] of notes) table.row(`    ${key}:`, value);
    table.flush();
  }
  table.flush();
  return table.text;
}

/** Two columns as Go's tabwriter sets them: the first is as wide as what was written between two flushes takes. */
class Table {
  text = '';
  #rows: (readonly [string, string])[] = [];

  row(first: string, second: string): void {
    this.#rows.push([first, second]);
  }

  flush(): void {
    const width = Math.max(0, ...this.#rows.map(([first]) => first.length)) + 1;
    for (const [first, second] of this.#rows) this.text += `${first.padEnd(width)}${second}\n`;
    this.#rows = [];
  }
}

/** As Go prints what it knows no type of. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, each]) => [key, sorted(each)]));
}
