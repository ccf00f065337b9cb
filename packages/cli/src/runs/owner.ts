/** The image whose step it is: the one that its Dockerfile belongs to, else the first by name. */
export function ownerOf(
  wantedBy: readonly string[],
  folder: string | undefined,
  folders: ReadonlyMap<string, string>,
): string | undefined {
  const own = folder === undefined ? [] : wantedBy.filter((id) => folders.get(id) === folder);
  return first(own.length > 0 ? own : wantedBy);
}

function first(ids: readonly string[]): string | undefined {
  let least = ids[0];
  for (const id of ids) if (id < least!) least = id;
  return least;
}
