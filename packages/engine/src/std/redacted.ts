/** Text without the credentials in its URLs. */
export function redacted(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi, '$1xxxxx@');
}
