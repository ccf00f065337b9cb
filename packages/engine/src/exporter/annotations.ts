import { formatPlatform, parsePlatform, type Platform } from '../oci/platform.ts';
import { wrongOption, type Attrs } from './attrs.ts';

export type Notes = Readonly<Record<string, string>>;

/** Annotations by where they go. */
export interface AnnotationSet {
  readonly index: Notes;
  readonly 'index-descriptor': Notes;
  readonly manifest: Notes;
  readonly 'manifest-descriptor': Notes;
}

type Kind = keyof AnnotationSet;

interface Annotation {
  readonly kind: Kind;
  /** `linux/arm64`; undefined is every platform. */
  readonly platform: string | undefined;
  readonly key: string;
  readonly value: string;
}

/** `annotation[-manifest|-manifest-descriptor|-index|-index-descriptor][\[platform\]].<key>` of an image exporter. */
export class Annotations {
  readonly #all: readonly Annotation[];

  constructor(attrs: Attrs) {
    this.#all = attrs
      .matching(/^annotation(?:-([a-z-]+))?(?:\[([A-Za-z0-9_/-]+)\])?\.(\S+)$/)
      .map(({ name, match, value }) => {
        const [, kind = 'manifest', platform, key] = match;
        if (!isKind(kind)) throw wrongOption(name, `unrecognized annotation type ${kind}`);
        return { kind, platform: platform && platformOf(name, platform), key: key!, value };
      });
  }

  /** Those of one platform's manifest, or, without a platform, of the whole. */
  of(platform?: Platform): AnnotationSet {
    const wanted = platform && formatPlatform(platform);
    const pick = (kind: Kind, everywhere: boolean) =>
      Object.fromEntries(
        [...this.#all]
          // What is said for a platform goes before what is said for all.
          .sort((a, b) => Number(a.platform !== undefined) - Number(b.platform !== undefined))
          .filter((one) => one.kind === kind && (everywhere || one.platform === undefined || one.platform === wanted))
          .map(({ key, value }) => [key, value]),
      );
    return {
      index: pick('index', true),
      'index-descriptor': pick('index-descriptor', true),
      manifest: pick('manifest', false),
      'manifest-descriptor': pick('manifest-descriptor', false),
    };
  }

  /** Fails where annotations have no place in the result. */
  check(platforms: readonly Platform[], result: { readonly index: boolean; readonly oci: boolean }): void {
    const built = platforms.map(formatPlatform);
    for (const { kind, platform, key } of this.#all) {
      if (platform !== undefined && !built.includes(platform)) {
        throw wrongOption(key, `invalid annotation: no platform ${platform} found in source`);
      }
      if (kind.startsWith('index') && !result.index) {
        throw wrongOption(key, 'index annotations not supported for single platform export');
      }
      if (kind !== 'manifest' && !result.oci) {
        throw wrongOption(key, 'cannot export annotations with "oci-mediatypes=false"');
      }
    }
  }
}

function isKind(text: string): text is Kind {
  return ['index', 'index-descriptor', 'manifest', 'manifest-descriptor'].includes(text);
}

function platformOf(option: string, text: string): string {
  try {
    return formatPlatform(parsePlatform(text));
  } catch (error) {
    throw wrongOption(option, (error as Error).message);
  }
}
