export async function run(argv: readonly string[]): Promise<number> {
  console.log(argv, process.version);
  return 0;
}
