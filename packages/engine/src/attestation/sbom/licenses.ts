// Licenses as SPDX documents name them. The home of spdx-expression-parse, which knows the list and the grammar.

import parse from 'spdx-expression-parse';

/** A license by a name of its own, for what SPDX's list has no name. */
export interface ExtractedLicense {
  readonly licenseId: string;
  readonly extractedText: string;
  readonly name: string;
}

/** Names for the licenses of one document. */
export class Licenses {
  readonly #own = new Map<string, ExtractedLicense>();

  /** An expression for what a database says: its own, if it is one. */
  expression(written: string | undefined): string {
    const text = written?.trim();
    if (!text) return 'NOASSERTION';
    try {
      parse(text);
      return text;
    } catch {
      return this.#reference(text);
    }
  }

  /** Those that got names here, by these. */
  get extracted(): readonly ExtractedLicense[] {
    return [...this.#own.values()].sort((a, b) => (a.licenseId < b.licenseId ? -1 : 1));
  }

  #reference(text: string): string {
    const known = this.#own.get(text);
    if (known) return known.licenseId;
    const plain =
      text
        .replaceAll(/[^A-Za-z0-9.]+/g, '-')
        .replaceAll(/^-|-$/g, '')
        .slice(0, 64) || 'unnamed';
    const taken = new Set([...this.#own.values()].map(({ licenseId }) => licenseId));
    let licenseId = `LicenseRef-${plain}`;
    for (let i = 2; taken.has(licenseId); i++) licenseId = `LicenseRef-${plain}-${i}`;
    this.#own.set(text, { licenseId, extractedText: text, name: text });
    return licenseId;
  }
}
