/** What sources remember from build to build (ETags, refs of commits): a table of the index, or a Map in tests. */
export interface Memo {
  get(key: string): string | undefined;
  put(key: string, value: string): Promise<void>;
}
