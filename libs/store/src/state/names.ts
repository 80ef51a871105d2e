/** Texts that come again and again (groups, topics), as small numbers. */
export class Names {
  private readonly ids = new Map<string, number>();
  private readonly texts: string[] = [];

  get size(): number {
    return this.texts.length;
  }

  id(text: string): number {
    let id = this.ids.get(text);
    if (id === undefined) this.ids.set(text, (id = this.texts.push(text) - 1));
    return id;
  }

  text(id: number): string {
    return this.texts[id] ?? '';
  }
}
