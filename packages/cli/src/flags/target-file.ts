/** Whether `-f` can mean a bake or compose file by this name, which no Dockerfile has. */
export function isTargetFileName(file: string): boolean {
  return /\.(?:hcl|json|ya?ml)$/i.test(file);
}
