import type { FoundPackage } from './found-package.ts';

/**
 * The installed packages of a dpkg database: `/var/lib/dpkg/status`, or a file of `status.d` as images without dpkg have
 * them. Packages that were removed and left their configuration are none.
 */
export function readDpkg(text: string, foundIn: string): readonly FoundPackage[] {
  return text.split(/\n[ \t]*\n+/).flatMap((paragraph): FoundPackage[] => {
    const fields = fieldsOf(paragraph);
    const [name, version, status] = [fields.get('package'), fields.get('version'), fields.get('status')];
    if (!name || !version || (status !== undefined && !status.endsWith(' installed'))) return [];
    const [, source, sourceVersion] = /^(\S+)(?:\s+\(([^)]*)\))?/.exec(fields.get('source') ?? '') ?? [];
    const other = source !== undefined && (source !== name || sourceVersion !== undefined);
    return [
      {
        type: 'deb',
        name,
        version,
        ...optional('architecture', fields.get('architecture')),
        ...(other && { origin: { name: source, ...optional('version', sourceVersion) } }),
        ...optional('maintainer', fields.get('maintainer')),
        ...optional('homepage', fields.get('homepage')),
        foundIn,
      },
    ];
  });
}

/** Fields by their names in lower case, of several lines the first. */
function fieldsOf(paragraph: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of paragraph.split('\n')) {
    const [, name, value] = /^([A-Za-z][\w-]*):[ \t]*(.*?)[ \t\r]*$/.exec(line) ?? [];
    if (name !== undefined) fields.set(name.toLowerCase(), value!);
  }
  return fields;
}

/** A member, if there is something to say. */
export function optional<K extends string>(name: K, value: string | undefined): { readonly [N in K]?: string } {
  return value ? ({ [name]: value } as { readonly [N in K]: string }) : {};
}
