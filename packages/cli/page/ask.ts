/** Asks this page's server; each line of its answer is told as it comes. Ends with the answer, or with the signal. */
export async function ask<T>(
  name: string,
  options: { readonly json?: object; readonly signal?: AbortSignal; readonly tell: (line: T) => void },
): Promise<void> {
  const { json, signal } = options;
  const response = await fetch(`api/${name}`, {
    ...(json && { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(json) }),
    ...(signal && { signal }),
  });
  if (!response.body) return;
  let open = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (open + text).split('\n');
    open = lines.pop()!;
    for (const line of lines) options.tell(JSON.parse(line) as T);
  }
}
