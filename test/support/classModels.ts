// A model of one layer for each row of test/cases/classes.ts, and what goes into it.
import { sizeOf } from '../../lib/base/list.js';
import { type DType, Model, type Shape, type Tensor, layers, ops, tensor } from '../../lib/index.js';
import type { LayerCase, Options } from '../cases/classes.js';

export type Class<T> = new (...args: unknown[]) => T;

export const make = <T>(made: Class<T>, options: Options | undefined): T =>
  Array.isArray(options)
    ? new made(...(options as unknown[]))
    : new made(typeof options === 'function' ? options() : options);

export const listed = (shapes: LayerCase['x']) =>
  (typeof shapes[0] === 'number' || shapes.length === 0 ? [shapes] : shapes) as Shape[];

export const ofBatch = (shapes: LayerCase['x'], batch: number) =>
  listed(shapes).map((shape) => [batch, ...shape]);

/** Always the same numbers for a place in a sample, another for each sample. */
export const samples = ({ x, below }: LayerCase, batch: number, length?: number): Tensor[] =>
  ofBatch(x, batch).map((shape, input) => {
    const own = length === undefined ? shape : [batch, length, ...shape.slice(2)];
    const numbers = Array.from({ length: sizeOf(own) }, (_, i) => Math.sin(1 + 13 * input + 1.7 * i));
    return below === undefined
      ? tensor(Float32Array.from(numbers), own)
      : tensor(
          Int32Array.from(numbers, (n) => Math.floor(((n + 1) / 2) * below) % below),
          own,
          'int32',
        );
  });

const inputs = ({ x, below }: LayerCase, isOpen = false) =>
  listed(x).map((shape) => {
    const dtype: DType = below === undefined ? 'float32' : 'int32';
    return layers.input({ shape: isOpen ? [-1, ...shape.slice(1)] : shape, dtype });
  });

export interface ClassModelOptions {
  readonly isOpen?: boolean;
  readonly dtypePolicy?: 'float32' | 'mixedBfloat16';
  /** What comes before it, where numbers go in. */
  readonly before?: layers.Layer;
}

/** A model of one layer. */
export function modelOf(layer: layers.Layer, row: LayerCase, options: ClassModelOptions = {}) {
  const { isOpen, dtypePolicy, before } = options;
  if (layer instanceof layers.InputLayer)
    return new Model({ inputs: layer.output, outputs: [layer.output], dtypePolicy });
  const places = inputs(row, isOpen);
  const given = before && row.below === undefined ? places.map((place) => before.apply(place)) : places;
  return new Model({ inputs: places, outputs: layer.applyAll(given), dtypePolicy });
}

/** A model whose output is its input times one kernel of ones on the diagonal, so that a row of yPred comes out as it is. */
export function through(columns: number, steps?: number) {
  const x = layers.input({ shape: [columns] });
  const y = layers.dense({ units: columns, useBias: false }).apply(x);
  const model = new Model({
    inputs: x,
    outputs: steps === undefined ? y : ops.reshape(y, [-1, steps, columns / steps]),
  });
  const diagonal = Array.from({ length: columns ** 2 }, (_, i) => (i % (columns + 1) === 0 ? 1 : 0));
  model.setWeights([Float32Array.from(diagonal)]);
  return model;
}
