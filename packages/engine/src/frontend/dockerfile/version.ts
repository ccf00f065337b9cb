/** The version of the Dockerfile language that this frontend reads, as BuildKit counts it. */
export const dockerfileVersion = '1.26.0';
