// Which frontend is meant by a name that a file begins with.

import { parseReference } from '../oci/reference.ts';

/** Whether an image is the Dockerfile language that is built in, in whatever version. */
export function isBuiltIn(image: string): boolean {
  try {
    const { domain, path } = parseReference(image);
    return domain === 'docker.io' && (path === 'docker/dockerfile' || path === 'docker/dockerfile-upstream');
  } catch {
    return false;
  }
}
