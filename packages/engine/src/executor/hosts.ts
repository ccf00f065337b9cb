import { defaultHostname } from './spec.ts';

/** A container's /etc/hosts (EX-014). */
export function hostsText(hostname: string, extra: readonly { readonly host: string; readonly ip: string }[]): string {
  return [
    `127.0.0.1\tlocalhost ${hostname || defaultHostname}`,
    '::1\tlocalhost ip6-localhost ip6-loopback',
    ...extra.map(({ host, ip }) => `${ip}\t${host}`),
    '',
  ].join('\n');
}
