/** From low to high. */
const CELLS = '▁▂▃▄▅▆▇█';
/** At most so many cells. */
const WIDTH = 30;

/** A curve of numbers in one line of text, however many there are. @internal */
export class Sparkline {
  #means: number[] = [];
  /** How many numbers each mean is of. */
  #each = 1;
  #sum = 0;
  #count = 0;

  /** Adds a number; what is not finite is left out. */
  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.#sum += value;
    if (++this.#count < this.#each) return;
    this.#means.push(this.#sum / this.#count);
    [this.#sum, this.#count] = [0, 0];
    if (this.#means.length < 2 * WIDTH) return;
    // Twice as many numbers a cell from here on.
    this.#means = Array.from(
      { length: WIDTH },
      (_, i) => (this.#means[2 * i]! + this.#means[2 * i + 1]!) / 2,
    );
    this.#each *= 2;
  }

  /** The curve: the lowest cell for the smallest number, the highest for the largest. */
  toString(): string {
    const means = this.#count > 0 ? [...this.#means, this.#sum / this.#count] : this.#means;
    const each = Math.ceil(means.length / WIDTH);
    const shown = Array.from({ length: Math.ceil(means.length / Math.max(each, 1)) }, (_, i) => {
      const some = means.slice(i * each, (i + 1) * each);
      return some.reduce((sum, mean) => sum + mean, 0) / some.length;
    });
    const [low, high] = [Math.min(...shown), Math.max(...shown)];
    return shown
      .map((mean) =>
        CELLS.charAt(low < high ? Math.round(((mean - low) / (high - low)) * (CELLS.length - 1)) : 0),
      )
      .join('');
  }
}
