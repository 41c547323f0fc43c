import { type OptionNames, expected, finite, integer, knownOptions, oneOf } from '../base/checks.js';
import { highestOf, sizeOf } from '../base/list.js';
import { NDArray } from '../core/ndarray.js';
import { type TensorData, allocate, read } from '../core/tensor.js';

/** What `utils.padSequences` takes. */
export interface PadSequencesOptions {
  /** How many steps each sequence gets. Default: those of the longest. */
  maxLen?: number;
  /** Default int32. */
  dtype?: 'int32' | 'float32' | 'uint8';
  /** Whether `value` goes before or after the steps of a shorter sequence. Default `pre`. */
  padding?: 'pre' | 'post';
  /** Whether a longer sequence loses its first or its last steps. Default `pre`. */
  truncating?: 'pre' | 'post';
  /** What steps that are not there are filled with. Default 0. */
  value?: number;
}

const padSequencesNames = {
  maxLen: 'optional',
  dtype: 'optional',
  padding: 'optional',
  truncating: 'optional',
  value: 'optional',
} satisfies OptionNames<PadSequencesOptions>;

const SIDES = ['pre', 'post'] as const;

/**
 * Sequences of different lengths as one array. https://keras.io/api/data_loading/timeseries/
 *
 * @param sequences One array for each sequence, its steps first: all steps of one shape.
 * @returns [sequences, maxLen, ...shape of a step].
 * @throws EngineError `SHAPE` where steps have different shapes, `ARGUMENT`, `OUT_OF_MEMORY`.
 * @example utils.padSequences([[1], [2, 3], [4, 5, 6]]); // [[0, 0, 1], [0, 2, 3], [4, 5, 6]]
 */
export function padSequences(sequences: readonly TensorData[], options: PadSequencesOptions = {}): NDArray {
  const who = 'padSequences';
  knownOptions(who, options, padSequencesNames);
  const dtype = oneOf(who, 'dtype', options.dtype ?? 'int32', ['int32', 'float32', 'uint8']);
  const padding = oneOf(who, 'padding', options.padding ?? 'pre', SIDES);
  const truncating = oneOf(who, 'truncating', options.truncating ?? 'pre', SIDES);
  const value = finite(who, 'value', options.value ?? 0);
  if (!Array.isArray(sequences)) throw expected(who, 'a list of sequences', sequences);
  // A copy, in which the holes of a list are undefined.
  const all = [...(sequences as readonly TensorData[])].map((sequence) => {
    const { data, shape } = read(sequence);
    const [steps, ...step] = shape;
    if (steps === undefined) throw expected(who, 'a list of sequences', sequence);
    return { data, steps, step };
  });
  const step = all.find(({ steps }) => steps > 0)?.step ?? [];
  const longest = highestOf(all.map(({ steps }) => steps));
  const length = options.maxLen === undefined ? longest : integer(who, 'maxLen', options.maxLen);
  const size = sizeOf(step);
  const result = allocate(who, dtype, all.length * length * size).fill(value);
  all.forEach(({ data, steps, step: own }, i) => {
    if (steps > 0 && own.join() !== step.join())
      throw expected(who, `steps of shape [${step.join(', ')}]`, own, 'SHAPE');
    const kept = Math.min(steps, length);
    const from = truncating === 'pre' ? steps - kept : 0;
    const to = i * length + (padding === 'pre' ? length - kept : 0);
    for (let j = 0; j < kept * size; j++) result[to * size + j] = data[from * size + j] ?? 0;
  });
  return new NDArray(result, [all.length, length, ...step]);
}
