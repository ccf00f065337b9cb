/** What a watch has to say; `told.ts` has the sentences. */
export type Words =
  | { readonly kind: 'watching'; readonly images: number; readonly files: number }
  | { readonly kind: 'changed'; readonly paths: readonly string[]; readonly images: readonly string[] }
  | { readonly kind: 'reloaded'; readonly paths: readonly string[] }
  | { readonly kind: 'superseded' | 'waiting' | 'left'; readonly images: readonly string[] }
  | { readonly kind: 'nothing-failed' }
  | { readonly kind: 'polling'; readonly limit: string }
  | { readonly kind: 'not-run'; readonly image: string; readonly error: unknown }
  | { readonly kind: 'unseen' | 'mistake'; readonly error: unknown };
