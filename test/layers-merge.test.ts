import { firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import {
  Model,
  type Shape,
  type Sym,
  type TensorData,
  compile,
  grad,
  layers,
  ops,
  optimizers,
} from 'nodegrad';
import { type LayerRow, testRows } from './support/layers.js';
import { errorOf } from './support/run.js';

const two = (...shapes: Shape[]) => shapes;

const table: LayerRow[] = [
  ['multiply', (c) => layers.multiply({ ...c }), two([-1, 2, 3], [-1, 2, 3], [-1, 2, 3]), [-1, 2, 3], 0],
  ['average that broadcasts', (c) => layers.average({ ...c }), two([-1, 2, 3], [-1, 1, 3]), [-1, 2, 3], 0],
  ['maximum of other ranks', (c) => layers.maximum({ ...c }), two([-1, 3], [-1, 2, 3]), [-1, 2, 3], 0],
  ['minimum', (c) => layers.minimum({ ...c }), two([-1, 3], [-1, 3]), [-1, 3], 0],
  ['subtract', (c) => layers.subtract({ ...c }), two([-1, 3], [-1, 3]), [-1, 3], 0],
  ['dot of vectors', (c) => layers.dot({ axes: 1, ...c }), two([-1, 3], [-1, 3]), [-1, 1], 0],
  ['dot of a matrix', (c) => layers.dot({ axes: [2, 1], ...c }), two([-1, 2, 3], [-1, 3]), [-1, 2], 0],
  [
    'dot of matrices',
    (c) => layers.dot({ axes: [1, -1], normalize: true, ...c }),
    two([-1, 3, 4], [-1, 5, 3]),
    [-1, 4, 5],
    0,
  ],
];

describe('every merging layer', () => {
  testRows(table);
});

async function merged(layer: layers.Layer, ...data: TensorData[]): Promise<number[]> {
  const run = compile((...xs: Sym[]) => layer.apply(xs));
  return Array.from(await (await run(...data)).data());
}

describe('what merging layers compute', () => {
  const [a, b, c] = [[[1, -2]], [[3, 4]], [[-5, 6]]];

  it.each([
    ['add', layers.add(), [-1, 8]],
    ['multiply', layers.multiply(), [-15, -48]],
    ['average', layers.average(), [-1 / 3, 8 / 3]],
    ['maximum', layers.maximum(), [3, 6]],
    ['minimum', layers.minimum(), [-5, -2]],
  ])('%s of three', async (_, layer, expected) => {
    (await merged(layer, a, b, c)).forEach((value, i) => {
      expect(value).toBeCloseTo(itemAt(expected, i), 6);
    });
  });

  it('subtract: the first minus the second', async () => {
    expect(await merged(layers.subtract(), a, b)).toEqual([-2, -6]);
  });

  it('lower ranks get axes behind the batch, as in Keras', async () => {
    const rows = [
      [1, 2],
      [10, 20],
    ];
    const cubes = [
      [
        [0, 0],
        [1, 1],
      ],
      [
        [0, 0],
        [1, 1],
      ],
    ];
    expect(await merged(layers.add(), rows, cubes)).toEqual([1, 2, 2, 3, 10, 20, 11, 21]);
  });

  it('dot sums over the axes of each sample', async () => {
    const x = [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ];
    expect(
      await merged(
        layers.dot({ axes: 1 }),
        [
          [1, 2],
          [3, 4],
        ],
        [
          [5, 6],
          [7, 8],
        ],
      ),
    ).toEqual([17, 53]);
    expect(await merged(layers.dot({ axes: [2, 1] }), x, [[1, 0, -1]])).toEqual([-2, -2]);
    // The transpose of x times a matrix [2, 2].
    expect(
      await merged(layers.dot({ axes: 1 }), x, [
        [
          [1, 0],
          [1, 1],
        ],
      ]),
    ).toEqual([5, 4, 7, 5, 9, 6]);
  });

  it('dot of normalized vectors is a cosine, and 0 beside a vector of zeros', async () => {
    const layer = layers.dot({ axes: -1, normalize: true });
    const [x, y] = [
      [
        [3, 4],
        [1, 0],
        [0, 0],
      ],
      [
        [4, 3],
        [-2, 0],
        [1, 1],
      ],
    ];
    (await merged(layer, x, y)).forEach((value, i) => {
      expect(value).toBeCloseTo(itemAt([0.96, -1, 0], i), 6);
    });
    const gradients = compile((u: Sym, v: Sym) => grad(layer.apply([u, v]), [u, v]));
    for (const g of await gradients(x, y)) for (const value of await g.data()) expect(value).not.toBeNaN();
  });
});

describe('a model of several branches', () => {
  it('has the gradients of what it computes', async () => {
    const x = layers.input({ shape: [4] });
    const left = layers.dense({ units: 3, activation: 'tanh', kernelRegularizer: 'l2' });
    const right = layers.dense({ units: 3, activation: 'sigmoid' });
    const [l, r] = [left.apply(x), right.apply(x)];
    const product = layers.multiply().apply([l, r]);
    const all = layers
      .concatenate()
      .apply([
        layers.average().apply([l, product]),
        layers.subtract().apply([product, r]),
        layers.add().apply([l, r]),
        layers.dot({ axes: 1, normalize: true }).apply([l, product]),
      ]);
    const model = new Model({ inputs: x, outputs: all });
    const data = [0, 1, 2, 3, 4].map((i) => [0, 1, 2, 3].map((j) => Math.sin(4 * i + j)));
    const lossOf = (v: Sym) =>
      model.losses.reduce((sum, more) => ops.add(sum, more), ops.mean(ops.square(model.apply(v))));
    const measure = compile((v: Sym) => {
      const y = lossOf(v);
      return { y, g: grad(y, model.trainableWeights) };
    });
    const { g } = await measure(data);
    for (const [i, weight] of model.trainableWeights.entries()) {
      const at = Array.from(await weight.data());
      const gradient = await itemAt(g, i).data();
      for (let k = 0; k < at.length; k += 2) {
        const values = [];
        for (const step of [0.01, -0.01]) {
          const moved = Float32Array.from(at);
          moved[k]! += step;
          weight.assign(moved);
          values.push(await (await measure(data)).y.item());
        }
        weight.assign(Float32Array.from(at));
        // Rounding of a loss near 1, over the step: 2⁻²⁴ · 2 / 0.02 = 6e-6; the third derivative, below 10, gives 10 · 0.01² / 6.
        expect(Math.abs((firstOf(values) - itemAt(values, 1)) / 0.02 - gradient[k]!)).toBeLessThan(2e-4);
      }
    }
  });

  it('learns', async () => {
    const x = layers.input({ shape: [2] });
    const gate = layers.dense({ units: 8, activation: 'sigmoid' }).apply(x);
    const body = layers.dense({ units: 8, activation: 'tanh' }).apply(x);
    const y = layers.dense({ units: 1 }).apply(layers.multiply().apply([gate, body]));
    const model = new Model({ inputs: x, outputs: y });
    model.compile({ optimizer: optimizers.adam({ learningRate: 0.02 }), loss: 'meanSquaredError' });
    const data = Array.from({ length: 128 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
    const { history } = await model.fit(
      data,
      data.map(([a, b]) => [a! * b!]),
      { epochs: 60, verbose: 0, seed: 1 },
    );
    expect(history.loss!.at(-1)!).toBeLessThan(firstOf(history.loss!) / 10);
  });
});

describe('bad input of merging layers', () => {
  const [x, y] = [layers.input({ shape: [3] }), layers.input({ shape: [4] })];

  it.each<[string, () => unknown, string, RegExp]>([
    [
      'one input',
      () => layers.multiply({ name: 'm' }).apply([x]),
      'ARGUMENT',
      /\[m\].*two or more inputs, received 1/,
    ],
    [
      'three to subtract',
      () => layers.subtract({ name: 'm' }).apply([x, x, x]),
      'ARGUMENT',
      /\[m\].*two inputs, received 3/,
    ],
    ['sizes that do not meet', () => layers.average({ name: 'm' }).apply([x, y]), 'SHAPE', /\[m\].*\[add\]/],
    ['axes', () => layers.dot({ axes: [1] as never }), 'ARGUMENT', /\[dot\].*axes.*\[1\]/],
    ['the batch as axis', () => layers.dot({ name: 'm', axes: 0 }).apply([x, x]), 'SHAPE', /\[m\].*axis 0/],
    ['an axis too many', () => layers.dot({ name: 'm', axes: 2 }).apply([x, x]), 'SHAPE', /\[m\].*axis 2/],
    [
      'sizes along the axes',
      () => layers.dot({ name: 'm', axes: 1 }).apply([x, y]),
      'SHAPE',
      /\[m\].*\[matmul\].*3 and 4/,
    ],
    [
      'three to multiply',
      () => layers.dot({ name: 'm', axes: 1 }).apply([x, x, x]),
      'ARGUMENT',
      /two inputs, received 3/,
    ],
  ])('%s', (_, body, code, message) => {
    const error = errorOf(body);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});
