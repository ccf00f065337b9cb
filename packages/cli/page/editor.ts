// A text field with line numbers, colours and marks. The browser's own field does the editing, with its undo, its input
// methods and its accessibility; the coloured text lies below it, letter on letter.

import { element } from './dom.ts';
import { highlight } from './highlight.ts';

export interface LineMark {
  readonly line: number;
  readonly endLine: number;
  /** From 1; the whole line without them. */
  readonly column?: number | undefined;
  readonly endColumn?: number | undefined;
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

export interface EditorOptions {
  readonly onEdit: (text: string) => void;
  /** The cursor came to another line. */
  readonly onLine: (line: number) => void;
}

export class Editor {
  readonly #area: HTMLTextAreaElement;
  readonly #colours: HTMLElement;
  readonly #gutter: HTMLElement;
  readonly #scroll: HTMLElement;
  #marks: readonly LineMark[] = [];
  #touched: ReadonlyMap<number, 'changed' | 'follows'> = new Map();
  #line = 0;

  constructor(host: HTMLElement, { onEdit, onLine }: EditorOptions) {
    this.#area = element('textarea', {
      'aria-label': 'Dockerfile',
      autocapitalize: 'off',
      autocomplete: 'off',
      autocorrect: 'off',
      // Until there is a text to edit.
      readonly: '',
      spellcheck: 'false',
      wrap: 'off',
    });
    this.#colours = element('pre', { 'aria-hidden': 'true' });
    this.#gutter = element('div', { class: 'gutter', 'aria-hidden': 'true' });
    this.#scroll = element(
      'div',
      { class: 'scroll' },
      this.#gutter,
      element('div', { class: 'page' }, this.#colours, this.#area),
    );
    host.append(this.#scroll);
    this.#area.addEventListener('input', () => {
      this.#paint();
      onEdit(this.text);
    });
    this.#area.addEventListener('keydown', (event) => this.#key(event));
    const line = () => {
      const now = this.#area.value.slice(0, this.#area.selectionStart).split('\n').length;
      if (now === this.#line) return;
      this.#line = now;
      this.#paintLines();
      onLine(now);
    };
    for (const name of ['keyup', 'click', 'input', 'focus'] as const) this.#area.addEventListener(name, line);
  }

  get text(): string {
    return this.#area.value;
  }

  set text(text: string) {
    this.#area.value = text;
    this.#area.readOnly = false;
    this.#area.setSelectionRange(0, 0);
    this.#paint();
  }

  /** What is said of lines. */
  mark(marks: readonly LineMark[], touched: ReadonlyMap<number, 'changed' | 'follows'>): void {
    this.#marks = marks;
    this.#touched = touched;
    this.#paint();
  }

  /** Puts the cursor on a line, and brings it into view. */
  goTo(line: number, { focus = true }: { readonly focus?: boolean } = {}): void {
    const lines = this.#area.value.split('\n');
    const at = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    if (focus) {
      this.#area.focus({ preventScroll: true });
      this.#area.setSelectionRange(at, at + (lines[line - 1]?.length ?? 0));
    }
    this.#line = line;
    this.#paintLines();
    const row = this.#gutter.children[line - 1] as HTMLElement | undefined;
    if (!row) return;
    const { offsetTop, offsetHeight } = row;
    const { scrollTop, clientHeight } = this.#scroll;
    if (offsetTop < scrollTop || offsetTop + offsetHeight > scrollTop + clientHeight) {
      this.#scroll.scrollTo({ top: offsetTop - clientHeight / 2 });
    }
  }

  #key(event: KeyboardEvent): void {
    // Tab leaves the field where Escape was pressed before, as those who have no mouse need it.
    if (event.key === 'Escape') this.#area.dataset['leave'] = 'yes';
    else if (
      event.key === 'Tab' &&
      !event.shiftKey &&
      !event.ctrlKey &&
      !event.altKey &&
      this.#area.dataset['leave'] !== 'yes'
    ) {
      event.preventDefault();
      // The only way to insert that the browser can undo.
      document.execCommand('insertText', false, '    ');
    } else delete this.#area.dataset['leave'];
  }

  #paint(): void {
    const lines = highlight(this.#area.value);
    this.#colours.replaceChildren(
      ...lines.map((pieces, i) => {
        const marks = this.#marks.filter(({ line, endLine }) => line <= i + 1 && i + 1 <= endLine);
        const worst = marks.find(({ severity }) => severity === 'error') ?? marks[0];
        const made = element('span', { class: `l ${worst ? worst.severity : ''}` });
        const text = pieces.map((piece) => piece.text).join('');
        const [from, to] =
          worst && worst.line === worst.endLine ? [worst.column, worst.endColumn] : [undefined, undefined];
        let at = 0;
        for (const piece of pieces) {
          // Pieces are cut where a mark begins or ends.
          const cuts = [from, to]
            .map((column) => (column ?? 1) - 1 - at)
            .filter((cut) => cut > 0 && cut < piece.text.length);
          let start = 0;
          for (const end of [...cuts, piece.text.length]) {
            const part = piece.text.slice(start, end);
            const marked =
              worst && (from === undefined || to === undefined || (at + start + 1 >= from && at + end < to))
                ? part.trim() !== '' || text.trim() === ''
                : false;
            made.append(element('span', { class: `${piece.kind ?? ''} ${marked ? 'marked' : ''}`.trim() }, part));
            start = end;
          }
          at += piece.text.length;
        }
        made.append('\n');
        return made;
      }),
    );
    this.#gutter.replaceChildren(
      ...lines.map((_, i) => {
        const marks = this.#marks.filter(({ line }) => line === i + 1);
        const severity = marks.some((mark) => mark.severity === 'error') ? 'error' : marks.length > 0 ? 'warning' : '';
        const touched = this.#touched.get(i + 1) ?? '';
        const title = marks.map(({ message }) => message).join('\n');
        return element(
          'div',
          { class: `${severity} ${touched}`.trim(), ...(title !== '' && { title }) },
          String(i + 1),
        );
      }),
    );
    this.#paintLines();
  }

  #paintLines(): void {
    for (const [i, row] of [...this.#gutter.children].entries()) row.classList.toggle('here', i + 1 === this.#line);
    for (const [i, row] of [...this.#colours.children].entries()) row.classList.toggle('here', i + 1 === this.#line);
  }
}
