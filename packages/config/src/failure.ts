/** What can go wrong when a settled image becomes a request. Mistakes in the configuration itself are diagnostics. */
export type ConfigFailure =
  | { readonly kind: 'define'; readonly id: string; readonly message: string }
  /** Git was asked about the repository around a context, and did not answer. */
  | { readonly kind: 'git'; readonly message: string }
  /** A `--filter` that cannot be read. */
  | { readonly kind: 'filter'; readonly message: string }
  | { readonly kind: 'ssh-agent'; readonly id: string; readonly message: string };
