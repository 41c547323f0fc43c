// The numbers of a run's log as curves.
import { logOf } from './api.js';

interface Line {
  readonly _step: number;
  readonly _timestamp: number;
  readonly epoch: number;
  readonly batch?: number;
  readonly [name: string]: number | string | undefined;
}

/** A curve: steps and numbers. */
export type Curve = readonly [steps: number[], values: (number | null)[]];

const OWN = new Set(['_step', '_timestamp', '_runtime', 'epoch', 'batch']);
const number = (value: number | string | undefined): number | null =>
  typeof value === 'number' ? value : null;

/** The log of a run, as far as it was read. */
export class RunCurves {
  #next = 0;
  readonly #lines: Line[] = [];

  constructor(readonly name: string) {}

  /** Reads what is new. */
  async read(bytes: number): Promise<void> {
    while (this.#next < bytes) {
      const { text, next } = await logOf(this.name, this.#next);
      if (next === this.#next) return;
      this.#next = next;
      for (const line of text.split('\n')) if (line !== '') this.#add(JSON.parse(line) as Line);
    }
  }

  /** The last line. */
  get last(): Line | undefined {
    return this.#lines.at(-1);
  }

  /** The names of all numbers. */
  get names(): string[] {
    const names = new Set<string>();
    for (const line of this.#lines) for (const name of Object.keys(line)) if (!OWN.has(name)) names.add(name);
    return [...names];
  }

  curve(name: string): Curve {
    const lines = this.#lines.filter((line) => line[name] !== undefined);
    return [lines.map(({ _step }) => _step), lines.map((line) => number(line[name]))];
  }

  /** Milliseconds a step, between two lines of one epoch. */
  get stepTimes(): Curve {
    const [steps, times]: [number[], number[]] = [[], []];
    this.#lines.forEach((line, i) => {
      const before = this.#lines[i - 1];
      if (!before || line.batch === undefined || before.batch === undefined || line.epoch !== before.epoch)
        return;
      if (line._step === before._step) return;
      steps.push(line._step);
      times.push((1000 * (line._timestamp - before._timestamp)) / (line._step - before._step));
    });
    return [steps, times];
  }

  /** A run that goes on from an earlier state makes some steps again: the new ones count. */
  #add(line: Line): void {
    while ((this.#lines.at(-1)?._step ?? -1) > line._step) this.#lines.pop();
    this.#lines.push(line);
  }
}
