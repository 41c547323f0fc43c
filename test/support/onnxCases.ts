// Models of the layers of test/cases/classes.ts, with weights that are not their first ones, and data for them.
import { Model, type Shape, type Tensor, type Variable, layers, tensor } from '../../lib/index.js';
import { type LayerCase, layerCases } from '../cases/classes.js';

type Shapes = LayerCase['x'];
const listed = (shapes: Shapes) =>
  (typeof shapes[0] === 'number' || shapes.length === 0 ? [shapes] : shapes) as Shape[];

/** The names of all layers. */
export const layerNames = Object.keys(layerCases);

const sizeOf = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

/** Numbers from -0.5 to 0.5, for what is multiplied or has a root around 1. */
function fill(weight: Variable, which: number): void {
  if (weight.dtype !== 'float32') return;
  const middle = /variance|gamma|scale/i.test(weight.name) ? 1 : 0;
  weight.assign(
    Float32Array.from({ length: weight.size }, (_, i) => middle + Math.sin(3 + which + 2.3 * i) / 2),
  );
}

/** A model of one layer. */
export interface LayerModel {
  readonly model: Model<readonly layers.KerasTensor[]>;
  readonly x: Tensor[];
  /** The same with sequences that are longer by two; undefined where it takes one length alone. */
  readonly longer: Tensor[] | undefined;
}

/** A model of one layer; `isOpen`: of sequences of any length, where the layer takes them. */
export function layerModel(name: string, isOpen = false): LayerModel {
  const row = layerCases[name]!;
  const dtype = row.below === undefined ? 'float32' : 'int32';
  const options = typeof row.options === 'function' ? row.options() : row.options;
  const made = (layers as unknown as Record<string, new (options: unknown) => layers.Layer>)[name]!;
  const layer = new made(options ?? {});
  const free = isOpen && row.fixed === undefined;
  // Of a signal the places are its length.
  const hasLength = (shape: readonly number[]) => shape.length > 1 || name === 'MelSpectrogram';
  const places = listed(row.x).map((shape) =>
    layers.input({ shape: free && hasLength(shape) ? [-1, ...shape.slice(1)] : shape, dtype }),
  );
  const model =
    layer instanceof layers.InputLayer
      ? new Model({ inputs: layer.output, outputs: [layer.output] })
      : new Model({ inputs: places, outputs: layer.applyAll(places) });
  layer.weights.forEach(fill);
  const data = (more: number) =>
    listed(row.x).map((shape, input) => {
      const [length = 1, ...rest] = shape;
      const own = hasLength(shape) ? [3, length + more, ...rest] : [3, ...shape];
      const numbers = Array.from({ length: sizeOf(own) }, (_, i) => Math.sin(1 + 13 * input + 1.7 * i));
      const below = row.below ?? 0;
      return dtype === 'float32'
        ? tensor(Float32Array.from(numbers), own)
        : tensor(
            Int32Array.from(numbers, (n) => Math.floor(((n + 1) / 2) * below) % below),
            own,
            'int32',
          );
    });
  const hasLengths = model.inputs.some(({ shape }) => shape[1] === -1);
  return { model, x: data(0), longer: hasLengths ? data(2) : undefined };
}

/** What a model gives for data, as a list. */
export async function outputsOf(
  model: Model<readonly layers.KerasTensor[]>,
  x: readonly Tensor[],
): Promise<readonly Tensor[]> {
  const y = await model.predictOnBatch(x.length === 1 ? x[0]! : x);
  return Array.isArray(y) ? y : [y];
}

/**
 * The largest difference of numbers, as a part of what is allowed: no output of these layers is a sum of more than 200 products of numbers
 * up to 1, each of which is rounded once in another order (2⁻²⁴ of what it is), through up to four layers or steps.
 */
export function differenceOf(wanted: ArrayLike<number>, given: ArrayLike<number | bigint>): number {
  const scale = Math.max(1, ...Array.from(wanted, Math.abs));
  const bound = 4 * 200 * 2 ** -24 * scale;
  return Math.max(0, ...Array.from(wanted, (n, i) => Math.abs(n - Number(given[i] ?? NaN)) / bound));
}
