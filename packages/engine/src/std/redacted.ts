/** Text without the credentials in its URLs. What stands before a digest, as in `docker-image://alpine@sha256:…`, is none. */
export function redacted(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@(?!sha256:)/gi, '$1xxxxx@');
}
