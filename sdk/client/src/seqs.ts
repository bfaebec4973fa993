/** Numbers in their order, each once; the first is taken away at no cost. */
export class Seqs {
  #all: number[] = [];
  #begin = 0; // those before were taken away

  get first(): number | undefined {
    return this.#all[this.#begin];
  }

  add(seq: number): void {
    const i = this.#find(seq);
    if (this.#all[i] !== seq) this.#all.splice(i, 0, seq);
  }

  remove(seq: number): void {
    const i = this.#find(seq);
    if (this.#all[i] !== seq) return;
    if (i === this.#begin) this.shift();
    else this.#all.splice(i, 1);
  }

  shift(): void {
    this.#begin++;
    if (this.#begin < 1024 || this.#begin * 2 < this.#all.length) return;
    this.#all = this.#all.slice(this.#begin);
    this.#begin = 0;
  }

  clear(): void {
    this.#all = [];
    this.#begin = 0;
  }

  #find(seq: number): number {
    return placeOf(this.#all, seq, (n) => n, this.#begin);
  }
}

/** Where, in a list in the order of `seq`, that seq is or would be. */
export function placeOf<Item>(
  list: readonly Item[],
  seq: number,
  seqOf: (item: Item) => number,
  begin = 0,
): number {
  let [low, high] = [begin, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = list[middle];
    if (item !== undefined && seqOf(item) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
