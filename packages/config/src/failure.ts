/** What can go wrong when a settled image becomes a request. Mistakes in the configuration itself are diagnostics. */
export type ConfigFailure =
  | { readonly kind: 'define'; readonly id: string; readonly message: string }
  | { readonly kind: 'ssh-agent'; readonly id: string; readonly message: string };
