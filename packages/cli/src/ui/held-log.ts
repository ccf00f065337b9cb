/** What a step wrote and nobody has seen yet, in whole lines. */
export class HeldLog {
  #pieces: string[] = [];
  size = 0;

  add(text: string): void {
    this.#pieces.push(text);
    this.size += text.length;
  }

  /** The lines; all of them, or those that are finished. */
  take({ all }: { readonly all: boolean }): string[] {
    const lines = this.#pieces.join('').split('\n');
    const rest = lines.pop()!;
    this.#pieces = all ? [] : [rest];
    this.size = all ? 0 : rest.length;
    return all && rest !== '' ? [...lines, rest] : lines;
  }
}

/** What the steps of an image wrote, those that have ended, each below its title. */
export class ImageLog {
  #lines: string[] = [];
  #said = false;
  size = 0;

  add(title: string, lines: readonly string[]): void {
    this.#lines.push(title, ...lines);
    this.#said ||= lines.length > 0;
    this.size += lines.reduce((sum, line) => sum + line.length, 0);
  }

  /** The lines; none where no step wrote anything: its titles alone are no news. */
  take(): string[] {
    const lines = this.#said ? this.#lines : [];
    [this.#lines, this.#said, this.size] = [[], false, 0];
    return lines;
  }
}
