// What a step is called in the progress: `[linux/amd64->arm64 build 2/5] RUN make`.

import { normalise, type Platform } from '../../oci/platform.ts';
import { formatPlatformFully, readPlatform } from './platform.ts';
import type { Variables } from './words.ts';

export interface StepNumber {
  readonly index: number;
  readonly total: number;
}

export function stepName(
  text: string,
  step: StepNumber,
  about: {
    readonly stage: string;
    /** Told only where several platforms are built. */
    readonly platform: Platform | undefined;
    readonly variables: Variables;
    readonly onBuild: boolean;
  },
): string {
  const { index, total } = step;
  if (total === 0) return text;
  const platform = about.platform && formatPlatformFully(about.platform) + crossTarget(about.platform, about.variables);
  const count = `${String(index).padStart(String(total).length)}/${total}`;
  const words = [platform, about.stage, count].filter((word) => word !== undefined && word !== '');
  return `[${words.join(' ')}] ${about.onBuild ? 'ONBUILD ' : ''}${text}`;
}

/** The name of an instruction in upper case, the rest as it is. */
export function upperKeyword(text: string): string {
  const blank = text.indexOf(' ');
  return blank < 0 ? text.toUpperCase() : text.slice(0, blank).toUpperCase() + text.slice(blank);
}

/** `->arm64` for a step that runs on one platform for the sake of another. */
function crossTarget(base: Platform, variables: Variables): string {
  const target = targetOf(variables);
  if (!target) return '';
  const platform = normalise({
    ...target,
    os: target.os || base.os,
    architecture: target.architecture || base.architecture,
  });
  if (platform.os !== base.os) return `->${formatPlatformFully(platform)}`;
  if (platform.architecture === base.architecture) return '';
  return `->${platform.architecture}${platform.variant ? `/${platform.variant}` : ''}`;
}

function targetOf(variables: Variables): Platform | undefined {
  const whole = variables.get('TARGETPLATFORM');
  if (whole !== undefined) {
    try {
      return readPlatform(whole);
    } catch {
      // An overridden value may be anything; it is only shown.
    }
  }
  const [os, architecture, variant] = ['TARGETOS', 'TARGETARCH', 'TARGETVARIANT'].map((name) => variables.get(name));
  if (os === undefined && architecture === undefined && variant === undefined) return undefined;
  return { os: os ?? '', architecture: architecture ?? '', ...(variant && { variant }) };
}
