import { firstOf, itemAt, lastOf } from '../base/list.js';

/** Values in order, float32, each with how many numbers it stands for. */
interface Summary {
  readonly values: Float32Array;
  readonly weights: Float32Array;
}

/**
 * The boundaries that cut numbers into bins of the same size, of arrays that come one after the other: of each it keeps about 1 / epsilon
 * values that are equally far apart in order. The numbers are those of Keras's Discretization, which works in float32.
 *
 * @internal
 */
export class Quantiles {
  #summary: Summary = { values: new Float32Array(), weights: new Float32Array() };

  constructor(private readonly epsilon: number) {}

  /** Whether no number was added. */
  get isEmpty(): boolean {
    return this.#summary.values.length === 0;
  }

  add(data: ArrayLike<number>): void {
    const sorted = Float32Array.from(data).sort();
    const step = Math.max(sorted.length * this.epsilon, 1);
    const stride = Math.trunc(step);
    const values: number[] = [];
    for (let i = Math.trunc(step - 1); i < sorted.length; i += stride) values.push(sorted[i]!);
    const added: Summary = {
      values: Float32Array.from(values),
      weights: new Float32Array(values.length).fill(step),
    };
    this.#summary = compressed(merged(added, this.#summary), this.epsilon);
  }

  /** One boundary less than bins. */
  boundaries(bins: number): number[] {
    return Array.from(compressed(this.#summary, 1 / bins).values).slice(0, -1);
  }
}

function merged(a: Summary, b: Summary): Summary {
  const values = [...a.values, ...b.values];
  const weights = [...a.weights, ...b.weights];
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  return {
    values: Float32Array.from(order, (i) => values[i]!),
    weights: Float32Array.from(order, (i) => weights[i]!),
  };
}

/** With about 1 / epsilon values, found between those that are there. */
function compressed(summary: Summary, epsilon: number): Summary {
  const { values, weights } = summary;
  if (values.length * epsilon < 1) return summary;
  const sums = new Float32Array(weights.length);
  weights.forEach((weight, i) => (sums[i] = (sums[i - 1] ?? 0) + weight));
  const total = lastOf(sums);
  const shares = sums.map((sum) => sum / total);
  const places = Array.from({ length: Math.ceil(1 / epsilon) }, (_, i) => epsilon + i * epsilon);
  const reached = places.map((place) => between(place, shares, sums));
  return {
    values: Float32Array.from(places, (place) => between(place, shares, values)),
    weights: Float32Array.from(reached, (sum, i) => sum - (reached[i - 1] ?? 0)),
  };
}

/** The value at a place, on the straight lines between known places. */
function between(place: number, places: Float32Array, values: Float32Array): number {
  const last = places.length - 1;
  if (place <= firstOf(places)) return firstOf(values);
  if (place >= lastOf(places)) return lastOf(values);
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (places[middle]! <= place) low = middle;
    else high = middle;
  }
  const [left, right] = [itemAt(places, low), itemAt(places, high)];
  const slope = (itemAt(values, high) - itemAt(values, low)) / (right - left);
  return itemAt(values, low) + slope * (place - left);
}
