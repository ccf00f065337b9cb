/** Bytes that would come from elsewhere. What has the same `id` comes once, whoever wants it. */
export interface Download {
  readonly id: string;
  readonly bytes: number;
}
