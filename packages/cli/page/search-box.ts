import { byId } from './dom.ts';
import type { Viewer } from './viewer.ts';

interface SearchBoxOptions {
  readonly viewer: Viewer;
  /** The keys of what a word, in lower case, is found in. */
  hits(word: string): readonly string[];
  /** Told what was found; '' once nothing is sought. */
  say(text: string): void;
}

/** The page's field for searching: Enter goes on to the next hit, Escape empties it, and `/` leads into it. */
export function searchBox({ viewer, hits, say }: SearchBoxOptions): void {
  const input = byId<HTMLInputElement>('search');
  let last = { text: '', at: 0 };
  const search = (next: boolean) => {
    const text = input.value;
    const word = text.trim().toLowerCase();
    last = { text, at: next && text === last.text ? last.at + 1 : 0 };
    const number = viewer.search(word === '' ? [] : hits(word), last.at);
    if (word === '') say('');
    else say(number === 0 ? 'nothing found' : `${(last.at % number) + 1} of ${number}`);
  };
  input.addEventListener('input', () => search(false));
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') search(true);
    if (event.key === 'Escape') {
      input.value = '';
      search(false);
      viewer.focus();
    }
  });
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || (event.target as HTMLElement).closest('input, textarea')) return;
    event.preventDefault();
    input.focus();
  });
}
