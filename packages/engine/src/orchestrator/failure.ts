/** What can go wrong between the images of a run. */
export type OrchestratorFailure =
  | { readonly kind: 'image-circle'; readonly circle: readonly string[]; readonly message: string }
  /** Another image that it is built from has no definition; the cause says why. */
  | { readonly kind: 'image-needed'; readonly image: string; readonly message: string }
  /** A question that was asked instead of a build. */
  | { readonly kind: 'no-answer'; readonly image: string; readonly question: string; readonly message: string }
  /** Not built, because an image that it depends on was not. */
  | { readonly kind: 'blocked'; readonly because: string; readonly message: string };
