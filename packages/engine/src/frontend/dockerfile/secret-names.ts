import type { Stage } from './stage.ts';

const secret = /(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const harmless = /(?:_|^)(?:public|file|version)(?:_|$)/i;

/** ARG and ENV end up in the image for everybody to read. */
export function warnOfSecretName(instruction: 'ARG' | 'ENV', key: string, stage: Stage): void {
  if (!secret.test(key) || harmless.test(key)) return;
  stage.warn(
    'SecretsUsedInArgOrEnv',
    `Do not use ARG or ENV instructions for sensitive data (${instruction} ${JSON.stringify(key)})`,
  );
}
