import { optional } from './dpkg.ts';
import type { FoundPackage } from './found-package.ts';

/** The installed packages of an apk database (`/lib/apk/db/installed`): fields of one letter, a blank line after each. */
export function readApk(text: string, foundIn: string): readonly FoundPackage[] {
  return text.split(/\n\n+/).flatMap((paragraph): FoundPackage[] => {
    const fields = new Map<string, string>();
    // What follows the first file says F, R and so on again for each.
    for (const line of paragraph.split('\n')) {
      if (/^[A-Za-z]:/.test(line) && !fields.has(line[0]!)) fields.set(line[0]!, line.slice(2).trim());
    }
    const [name, version, origin] = [fields.get('P'), fields.get('V'), fields.get('o')];
    if (!name || !version) return [];
    return [
      {
        type: 'apk',
        name,
        version,
        ...optional('architecture', fields.get('A')),
        ...optional('license', fields.get('L')),
        ...(origin !== undefined && origin !== name && { origin: { name: origin } }),
        ...optional('maintainer', fields.get('m')),
        ...optional('homepage', fields.get('U')),
        foundIn,
      },
    ];
  });
}
