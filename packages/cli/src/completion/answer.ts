import type { Shell } from './scripts.ts';
import type { Suggestions } from './suggest.ts';

/** The suggestions in the form that the shell's script reads. `word` is what was typed of the last word. */
export function answer(suggestions: Suggestions, shell: Shell, word: string): string {
  if (suggestions.kind !== 'words') return `:${suggestions.kind}\n`;
  // bash completes what stands behind the last of these signs.
  const cut = shell === 'bash' ? Math.max(...['=', ':', '@'].map((sign) => word.lastIndexOf(sign))) + 1 : 0;
  const { words } = suggestions;
  const lines = words.map(({ value, help }) => {
    const rest = value.slice(cut);
    return shell === 'bash' || help === undefined ? rest : `${rest}\t${help.replaceAll(/\s+/g, ' ')}`;
  });
  const open = words.length > 0 && words.every((each) => each.open) ? [':open'] : [];
  return [...open, ...lines].map((line) => `${line}\n`).join('');
}
