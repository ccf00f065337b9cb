// Records of a cache's config, and how two lists of them are compared.

export interface ConfigRecord {
  readonly digest: string;
  readonly layers?: readonly unknown[];
  readonly inputs?: readonly (readonly { readonly selector?: string; readonly link: number }[])[];
}

/** Records with digests in place of indexes, in an order of their own. */
export function canonical(records: readonly ConfigRecord[]) {
  return records
    .map(({ digest, inputs = [] }) => ({
      digest,
      inputs: inputs.map((links) =>
        links.map(({ selector = '', link }) => `${selector} ${records[link]!.digest}`).sort(),
      ),
    }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
