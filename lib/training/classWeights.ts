import { expected, mismatch } from '../base/checks.js';
import { Samples } from '../data/batches.js';
import { lastOf } from '../base/list.js';

/** The weight of each class by its number; 1 for those that are not named. */
export type ClassWeights = Readonly<Record<number, number>>;

/**
 * The weight of each target by its class.
 *
 * @param target Class numbers in the output's shape with or without its last axis, or one-hot along that axis.
 * @param rank Of the output, the batch included.
 * @returns float32 [n, ...] without the last axis of the output.
 * @throws EngineError `ARGUMENT` for weights that are no finite numbers by class numbers, and for targets that tell no class.
 */
export function classWeightsOf(
  caller: string,
  target: Samples,
  rank: number,
  classWeight: ClassWeights,
): Samples {
  checkWeights(caller, classWeight);
  const { shape } = target;
  const whole = shape.length === rank && rank > 1;
  const width = whole ? lastOf(shape) : 1;
  const data = target.numbers();
  const weights = new Float32Array(data.length / width);
  for (let i = 0; i < weights.length; i++) {
    const label = width > 1 ? hotPlace(data, i * width, width) : classNumber(data[i]!);
    if (label === undefined) {
      const sample = Math.floor(i / (weights.length / target.length));
      const expected = width > 1 ? 'one-hot rows, with one largest number each' : 'class numbers';
      const row = Array.from({ length: Math.min(width, 8) }, (_, j) => data[i * width + j]).join(', ');
      throw mismatch(caller, `targets that are ${expected} for classWeight`, `${row} in sample ${sample}`);
    }
    weights[i] = classWeight[label] ?? 1;
  }
  return new Samples(weights, whole ? shape.slice(0, -1) : shape, 'float32');
}

function checkWeights(caller: string, classWeight: ClassWeights): void {
  const valid =
    typeof classWeight === 'object' &&
    classWeight !== null &&
    Object.entries(classWeight).every(([label, weight]) => /^\d+$/.test(label) && Number.isFinite(weight));
  if (valid) return;
  throw expected(caller, 'a finite number for each class number as classWeight', classWeight);
}

/** The class next to a number, as Keras rounds it: to the even one from the middle. */
function classNumber(value: number): number | undefined {
  if (!Number.isFinite(value)) return undefined;
  const below = Math.floor(value);
  const up = value - below > 0.5 || (value - below === 0.5 && below % 2 !== 0);
  return up ? below + 1 : below;
}

/** Where a row has its largest number; undefined where it has it twice. */
function hotPlace(data: ArrayLike<number>, begin: number, width: number): number | undefined {
  let place = 0;
  let count = 0;
  let largest = -Infinity;
  for (let i = 0; i < width; i++) {
    const value = data[begin + i]!;
    if (value > largest) [largest, place, count] = [value, i, 1];
    else if (value === largest) count++;
  }
  return count === 1 ? place : undefined;
}
