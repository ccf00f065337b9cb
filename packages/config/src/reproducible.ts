/**
 * What an exporter is told of an image that is to be the same wherever it is built: no time later than the epoch, and
 * that is 1970 where nobody else says one (`dated`).
 */
export function reproducibleAttrs(
  exporter: string,
  { dated }: { readonly dated: boolean },
): Readonly<Record<string, string>> {
  return {
    ...(exporter !== 'tar' && exporter !== 'local' && { 'rewrite-timestamp': 'true' }),
    ...(!dated && { 'source-date-epoch': '0' }),
  };
}
