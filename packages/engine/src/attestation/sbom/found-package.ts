/** A package that a tree's own databases tell of. */
export interface FoundPackage {
  readonly type: 'deb' | 'apk' | 'npm';
  /** With its scope, if it is npm's. */
  readonly name: string;
  readonly version: string;
  /** As the database spells it. */
  readonly architecture?: string;
  /** As written; not always an SPDX expression. */
  readonly license?: string;
  /** The source package that it was built from, where that has another name or version. */
  readonly origin?: { readonly name: string; readonly version?: string };
  /** `Name <address>`. */
  readonly maintainer?: string;
  readonly homepage?: string;
  /** Path of the file that tells of it. */
  readonly foundIn: string;
}

/** What os-release says. */
export interface Distribution {
  readonly id: string;
  readonly version?: string;
  readonly prettyName?: string;
}

/** What a tree holds. */
export interface ScannedTree {
  readonly distribution?: Distribution;
  /** Sorted, each name and version once. */
  readonly packages: readonly FoundPackage[];
}
