import { createHash } from 'node:crypto';
import type { Problem } from './problems.ts';

/** Problems as GitLab shows them in merge requests (a code quality report). */
export function codeQuality(problems: readonly Problem[]): string {
  const entries = problems.map(({ severity, code, file, line, endLine, title, message }) => ({
    description: severity === 'error' ? `${title}: ${message}` : message,
    check_name: code,
    // Not of the line: it stays the same problem when others come above it.
    fingerprint: createHash('sha256').update([code, file, title, message].join('\0')).digest('hex'),
    severity: severity === 'error' ? 'critical' : 'minor',
    location: { path: file, lines: { begin: line, end: endLine } },
  }));
  return `${JSON.stringify(entries, null, 2)}\n`;
}
