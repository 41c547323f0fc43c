import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import {
  Model,
  NDArray,
  Sequential,
  type Sym,
  Tensor,
  compile,
  layers,
  ops,
  tensor,
  variable,
} from 'nodegrad';
import { allOps } from './support/ops.js';
import { errorOf } from './support/run.js';
import { unaryOps } from './support/unaryOps.js';

type KerasTensor = layers.KerasTensor;
type Args = readonly unknown[];

/** A constant: it stays what it is, where tensors become outputs of layers. */
const fixed = (...shape: number[]) => {
  const length = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length }, (_, i) => ((i * 7) % 11) / 11 + 0.1);
  return new NDArray(data, shape, 'float32');
};
const numbers = (...shape: number[]) => tensor(fixed(...shape));
const image = numbers(2, 6, 6, 4);
const fixedInts = (...values: number[]) => new NDArray(Int32Array.from(values), [values.length], 'int32');
/** Places of x, as pairs too. */
const fixedIds = new NDArray(Int32Array.of(-1, 2, 0, 1), [2, 2], 'int32');
const fixedRows = new NDArray(Int32Array.of(-1, 0, 1, 0, 0, -1), [2, 3], 'int32');
const fixedPoints = (by: number) => new NDArray(Float32Array.of(0, by, 0, 5, 5, by, 5, 4), [4, 2], 'float32');
const sequenceOf3 = numbers(2, 3, 2);
const eye = [
  [3, 0, 0],
  [0, 4, 0],
  [0, 0, 6],
];
const regular = ops.add(numbers(2, 3, 3), eye);
const definite = ops.add(ops.matmul(numbers(2, 3, 3), numbers(2, 3, 3), { transposeB: true }), eye);
const picture = numbers(2, 4, 5, 3);
const sequence = numbers(2, 3, 4);
const x = numbers(2, 3);
const y = tensor([
  [0.3, 0.1, 2],
  [0.2, 1.5, 0.4],
]);
const flags = tensor([
  [true, false, true],
  [false, false, true],
]);
const ids = tensor(
  [
    [0, 2],
    [1, 1],
  ],
  undefined,
  'int32',
);

/** Of each op its arguments: tensors with the batch first become outputs of layers. */
const table: Record<string, Args> = {
  // From the lower end of the range up: x is from 0.1 to 1.1.
  ...Object.fromEntries(
    Array.from(unaryOps, ([name, [low, high]]) => [name, [ops.add(ops.multiply(x, (high - low) / 2), low)]]),
  ),
  ...Object.fromEntries(
    [
      ...['add', 'subtract', 'multiply', 'divide', 'power', 'maximum', 'minimum', 'equal', 'notEqual'],
      ...['less', 'lessEqual', 'greater', 'greaterEqual', 'meanSquaredError', 'sigmoidCrossEntropy'],
    ].map((name) => [name, [x, y]]),
  ),
  ...Object.fromEntries(
    'stopGradient softmax sparsemax logSoftmax sum mean prod max min argmax argmin layerNormalization rmsNormalization'
      .split(' ')
      .map((name) => [name, [x]]),
  ),
  ...Object.fromEntries(
    [
      'rad2deg logsumexp angle imag isreal signbit',
      'isnan isinf isfinite isposinf isneginf all any countNonzero nanToNum',
    ].flatMap((line) => line.split(' ').map((name) => [name, [x]])),
  ),
  ...Object.fromEntries(
    ['fmax fmin divideNoNan heaviside hypot logaddexp logaddexp2 logicalXor isclose allclose'].flatMap(
      (line) => line.split(' ').map((name) => [name, [x, y]]),
    ),
  ),
  ...Object.fromEntries(
    ['convertToTensor zerosLike onesLike ravel'].flatMap((line) =>
      line.split(' ').map((name) => [name, [x]]),
    ),
  ),
  ...Object.fromEntries(
    ['append', 'outer', 'vdot', 'arctan2', 'fmod', 'floorDivide', 'mod'].map((name) => [name, [x, y]]),
  ),
  ...Object.fromEntries(
    'bitwiseAnd bitwiseOr bitwiseXor leftShift rightShift'.split(' ').map((name) => [name, [ids, ids]]),
  ),
  bitwiseNot: [ids],
  unravelIndex: [ids, [2, 2]],
  arraySplit: [x, 2],
  cross: [x, y],
  diag: [x, { k: 1 }],
  diagflat: [x, { k: -1 }],
  diagonal: [sequence, { offset: -1 }],
  dot: [x, [1, 2, 3]],
  dsplit: [sequence, 2],
  dstack: [[x, y]],
  flip: [x],
  flipud: [x],
  fliplr: [x],
  fullLike: [x, 2.5],
  geomspace: [x, y, { num: 4, axis: 1 }],
  getItem: [x, ['...', 'newAxis', { step: -1 }]],
  hsplit: [x, 3],
  hstack: [[x, y]],
  inner: [x, fixed(4, 3)],
  isin: [ids, [0, 1]],
  kron: [x, [[1, 2]]],
  meshgrid: [[ops.ravel(x), ops.ravel(y)]],
  linspace: [x, y, { num: 4, axis: 1 }],
  logspace: [x, y, { num: 4, axis: 1 }],
  moveaxis: [sequence, 1, -1],
  multiHot: [ids, { numClasses: 3 }],
  sort: [x, { axis: 1 }],
  argsort: [x],
  argpartition: [x, 1],
  topK: [x, 2],
  inTopK: [tensor([1, 0], undefined, 'int32'), x, 1],
  searchsorted: [[0.2, 0.4], x, { side: 'right' }],
  digitize: [x, [0.2, 0.4]],
  ...Object.fromEntries(
    ['quantile', 'nanquantile', 'percentile', 'nanpercentile'].map((name) => [
      name,
      [x, [0.2, 0.7], { axis: 1 }],
    ]),
  ),
  ...Object.fromEntries(
    'cumsum cumprod nancumsum nancumprod diff trapezoid var std ptp average nansum nanprod nanmean nanmax nanmin nanvar nanstd nanargmax nanargmin'
      .split(' ')
      .map((name) => [name, [sequence, { axis: 1 }]]),
  ),
  ...Object.fromEntries(
    ['segmentMax', 'segmentMin', 'segmentProd'].map((name) => [
      name,
      [x, fixedInts(0, 1), { numSegments: 2 }],
    ]),
  ),
  scatterUpdate: [x, fixedIds, fixed(2), { reduction: 'max' }],
  depthToSpace: [image, 2],
  spaceToDepth: [image, 2],
  rearrange: [image, 'b (h i) w c -> b h (w c i)', { i: 2 }],
  gcd: [ids, ids],
  lcm: [ids, ids],
  ldexp: [x, [1, 2, 3]],
  nextafter: [x, y],
  view: [x, 'uint8'],
  unique: [ids, { size: 3, returnCounts: true }],
  corrcoef: [x],
  correlate: [ops.ravel(x), [1, 2, 3], { mode: 'full' }],
  cdist: [sequence, fixed(5, 4)],
  histogram: [ops.ravel(x), { bins: 3 }],
  bincount: [ids, { minLength: 4 }],
  median: [sequence, { axis: [0, 2], keepDims: true }],
  nanmedian: [x, { axis: 0 }],
  repeat: [x, [1, 2], { axis: 0 }],
  roll: [x, 1],
  rot90: [sequence],
  scatter: [ids, fixed(2), [3, 3]],
  segmentSum: [x, fixed(2), { numSegments: 2 }],
  select: [[flags, flags], [x, y], 3],
  sliceUpdate: [fixed(4, 3), [1, 0], x],
  split: [x, [1, 2], { axis: 1 }],
  swapaxes: [sequence, 1, 2],
  take: [x, [0, -1], { axis: 0 }],
  takeAlongAxis: [x, fixedRows, { axis: 0 }],
  tensordot: [sequence, sequence, { axes: [[2], [2]] }],
  tile: [x, [1, 2]],
  trace: [sequence],
  tril: [sequence],
  triu: [sequence],
  unstack: [x, { num: 2 }],
  vander: [ops.ravel(x), { increasing: true }],
  vsplit: [x, 2],
  vstack: [[x, y]],
  clip: [x, 0.2, 1],
  saturateCast: [x, 'uint8'],
  logicalAnd: [flags, flags],
  logicalOr: [flags, flags],
  logicalNot: [flags],
  where: [flags, x, 0],
  cast: [x, 'int32'],
  threshold: [x, 0.4, -1],
  glu: [sequence],
  conv: [image, fixed(3, 3, 4, 2), { padding: 'same' }],
  depthwiseConv: [image, fixed(3, 3, 4, 2)],
  separableConv: [image, fixed(3, 3, 4, 2), fixed(1, 1, 8, 3)],
  convTranspose: [image, fixed(3, 3, 2, 4), { strides: 2 }],
  biasAdd: [x, [1, 2, 3]],
  gather: [x, [0, 1]],
  oneHot: [ids, { depth: 3 }],
  softmaxCrossEntropy: [x, x],
  sparseSoftmaxCrossEntropy: [
    sequence,
    tensor(
      [
        [0, 1, 2],
        [3, 0, 1],
      ],
      undefined,
      'int32',
    ),
  ],
  matmul: [
    x,
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  ],
  adaptiveAveragePool: [image, { outputSize: 4 }],
  adaptiveMaxPool: [image, { outputSize: [1, 4] }],
  dotProductAttention: [image, image, image, { isCausal: true }],
  einsum: ['bts,sd->btd', sequence, fixed(4, 2)],
  batchNormalization: [x, [0, 1, 2], [1, 2, 3], { epsilon: 0.1 }],
  moments: [x, { axis: 0 }],
  maxPool: [image, { poolSize: 3, strides: 1 }],
  averagePool: [image],
  globalMaxPool: [image],
  globalAveragePool: [image],
  ...Object.fromEntries(
    ['det', 'eigh', 'inv', 'luFactor', 'slogdet', 'pinv', 'qr', 'svd', 'norm', 'matrixRank'].map((name) => [
      name,
      [regular],
    ]),
  ),
  ...Object.fromEntries(['cholesky', 'choleskyInverse', 'logdet'].map((name) => [name, [definite]])),
  solve: [regular, sequenceOf3],
  solveTriangular: [regular, sequenceOf3, { lower: true }],
  lstsq: [fixed(3, 2), numbers(3, 2)],
  fft: [[sequence, sequence]],
  fft2: [[sequence, sequence]],
  ifft2: [[sequence, sequence]],
  rfft: [sequence],
  irfft: [[sequence, sequence], { fftLength: 5 }],
  extractSequences: [sequence, 2, 1],
  stft: [sequence, 2, 1, 3],
  unfold: [image, 2],
  fold: [numbers(2, 8, 4), 3, 2],
  normalize: [x],
  psnr: [x, y, 1],
  istft: [[numbers(2, 4, 3), numbers(2, 4, 3)], 4, 2, 4],
  sinc: [x],
  binaryCrossentropy: [fixed(2, 3), y],
  categoricalCrossentropy: [fixed(2, 3), y],
  sparseCategoricalCrossentropy: [fixedInts(2, 0), y],
  ctcDecode: [numbers(2, 3, 4), fixedInts(3, 2)],
  ctcLoss: [ids, numbers(2, 3, 4), fixedInts(2, 1), fixedInts(3, 2)],
  nonMaxSuppression: [numbers(2, 5, 4), numbers(2, 5), 3],
  perspectiveTransform: [image, fixedPoints(0), fixedPoints(1)],
  lstm: [sequence, fixed(4, 8), fixed(2, 8), undefined, { returnSequences: true }],
  gru: [sequence, fixed(4, 6), fixed(2, 6), undefined, { initialState: numbers(2, 2) }],
  simpleRnn: [sequence, fixed(4, 2), fixed(2, 2)],
  reshape: [sequence, [-1, 2]],
  transpose: [sequence],
  broadcastTo: [numbers(2, 1), [2, 3]],
  expandDims: [x, -1],
  squeeze: [numbers(2, 1)],
  slice: [x, [0, 1], [-1, 2]],
  stridedSlice: [x, [0, 1], Infinity],
  concatenate: [[x, y], { axis: -1 }],
  stack: [[x, y], { axis: 1 }],
  pad: [
    x,
    [
      [0, 0],
      [1, 2],
    ],
    { constantValues: 3 },
  ],
  upSampling: [image, { interpolation: 'bilinear' }],
  resize: [image, [4, 3], { interpolation: 'bicubic' }],
  cropImages: [image, { topCropping: 1, targetHeight: 3, leftCropping: 2, rightCropping: 0 }],
  padImages: [image, { topPadding: 1, bottomPadding: 0, leftPadding: 2, targetWidth: 9 }],
  rgbToGrayscale: [picture],
  rgbToHsv: [picture],
  hsvToRgb: [picture],
  mapCoordinates: [fixed(3, 4), numbers(2, 5), 1],
  affineTransform: [image, [1, 0.5, 0, 0, 1, 1, 0, 0]],
  elasticTransform: [image, { alpha: 2, sigma: 1, seed: 3 }],
  scaleAndTranslate: [image, [-1, 4, 6, 4], [0.5], [0], [1], 'linear'],
  gaussianBlur: [image],
  sobelEdges: [image],
  ssim: [image, image, { filterSize: 3 }],
  extractPatches: [image, 2],
  extractPatches3d: [numbers(2, 4, 4, 4, 1), 2],
  dropout: [x, { rate: 0.5, seed: 3 }],
  gaussianNoise: [x, { stddev: 1, seed: 3 }],
  randomUniform: [x, { seed: 3 }],
  randomNormal: [x, { seed: 3 }],
  truncatedNormal: [x, { seed: 3 }],
};
/** Those that take no operand, or give no value of a graph. */
const others = [
  'arange bartlett blackman convertToNumpy dtype eye full hamming hanning identity isTensor kaiser ndim nonzero ones randomKey shape size',
  'tri zeros',
  // Functions, which no configuration keeps.
  'associativeScan cond customGradient foriLoop jvp map scan switch vectorize vectorizedMap whileLoop',
].flatMap((line) => line.split(' '));

/** The arguments with outputs of layers, and what these stand for. */
function described(args: Args): { args: Args; inputs: KerasTensor[]; data: Tensor[] } {
  const inputs: KerasTensor[] = [];
  const data: Tensor[] = [];
  const of = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(of);
    if (item instanceof Tensor) {
      const given = item as Tensor;
      inputs.push(layers.input({ shape: given.shape.slice(1), dtype: given.dtype }));
      data.push(given);
      return inputs.at(-1);
    }
    if (typeof item !== 'object' || item === null || item instanceof NDArray) return item;
    return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, of(value)]));
  };
  return { args: args.map(of), inputs, data };
}

const call = (name: string, args: Args): unknown => allOps[name]!(...args);
/** Of one result, a list of several, or a record. */
const listOf = <T>(value: T | readonly T[]): readonly T[] => {
  if (Array.isArray(value)) return value as T[];
  const isRecord = Object.getPrototypeOf(value) === Object.prototype;
  return isRecord ? (Object.values(value as object) as T[]) : [value as T];
};
/** A model of the same configuration, after JSON. */
const copyOf = (model: { getConfig(): Record<string, unknown> }) =>
  Model.fromConfig(
    JSON.parse(JSON.stringify(model.getConfig())) as Record<string, unknown>,
  ) as unknown as Model;

describe('every op', () => {
  it('has a row here', () => {
    const names = Object.values(allOps).map((op) => op.name);
    expect([...new Set(names)].sort()).toEqual([...Object.keys(table), ...others].sort());
  });

  it.each(Object.entries(table))(
    '%s takes outputs of layers, as one node that a configuration keeps',
    async (name, args) => {
      const { args: given, inputs, data } = described(args);
      const outputs = listOf(call(name, given) as KerasTensor | readonly KerasTensor[]);
      const expected = listOf(call(name, args) as Tensor | readonly Tensor[]);
      const model = new Model({ inputs, outputs });
      const nodes = model.operations.filter((operation) => !(operation instanceof layers.Layer));
      expect(nodes.map(({ className }) => className.toLowerCase())).toEqual([name.toLowerCase()]);
      expect(firstOf(nodes).name.replace(/_\d+$/, '')).toBe(name);
      outputs.forEach(({ dtype, shape }, i) => {
        expect([dtype, shape.length]).toEqual([itemAt(expected, i).dtype, itemAt(expected, i).rank]);
        shape.forEach((n, axis) => expect([-1, itemAt(expected, i).shape[axis]]).toContain(n));
      });
      for (const one of [model, copyOf(model)]) {
        const predicted = listOf((await one.predict(data)) as Tensor | readonly Tensor[]);
        // The same kernels on the same numbers, but a chain may be fused: a few roundings of numbers up to 10.
        for (const [i, value] of expected.entries()) {
          expect(itemAt(predicted, i).shape).toEqual(value.shape);
          const wanted = await value.data();
          (await itemAt(predicted, i).data()).forEach((n, at) =>
            expect(Math.abs(n - wanted[at]!)).toBeLessThan(1e-5),
          );
        }
      }
    },
  );

  it('names itself where operands do not fit', () => {
    const [a, b] = [layers.input({ shape: [3] }), layers.input({ shape: [4] })];
    expect(errorOf(() => ops.add(a, b))).toMatchObject({
      code: 'SHAPE',
      message: expect.stringMatching(/^\[add\]/),
    });
    expect(errorOf(() => ops.matmul(a, [[1]]))).toMatchObject({
      message: expect.stringMatching(/^\[matmul\]/),
    });
    expect(errorOf(() => ops.softmax(a, { axes: 1 } as never))).toMatchObject({
      message: expect.stringMatching(/^\[softmax\]/),
    });
  });

  it('refuses outputs of layers beside values of a traced function', async () => {
    const a = layers.input({ shape: [3] });
    const run = compile((b: Sym) => ops.multiply(a, b) as never as Sym);
    await expect(run([[1, 2, 3]])).rejects.toThrow(/^\[multiply\] expected outputs of layers/);
  });
});

describe('a model with ops between layers', () => {
  it('trains through them, with a residual written as ops.add', async () => {
    const a = layers.input({ shape: [4] });
    const hidden = layers.dense({ units: 4, activation: 'tanh', kernelInitializer: 'zeros' }).apply(a);
    const sum = ops.relu(ops.add(a, hidden));
    const model = new Model({ inputs: a, outputs: layers.dense({ units: 1 }).apply(sum) });
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const data = [
      [1, 2, 3, 4],
      [4, 3, 2, 1],
    ];
    const { history } = await model.fit(data, [[1], [0]], { epochs: 30, shuffle: false, verbose: 0 });
    expect(history.loss!.at(-1)).toBeLessThan(firstOf(history.loss!));
    // The zeros of the first kernel change: the gradient passes the ops.
    const [kernel] = atLeast(await model.getWeights(), 1);
    expect(Array.from(kernel.data).some((n) => n !== 0)).toBe(true);
  });

  it('lists them in the summary as Keras does', () => {
    const a = layers.input({ shape: [4], name: 'in' });
    const b = layers.dense({ units: 4, name: 'dense' }).apply(a);
    const model = new Model({ inputs: a, outputs: ops.add(a, b) });
    const { name } = model.operations.at(-1)!;
    const text = model.summary({ printFn: () => {}, lineLength: 120 });
    expect(text).toMatch(
      new RegExp(`${name} \\(Add\\) +│ \\(null, 4\\) +│ +0 │ in\\[0\\]\\[0\\], dense\\[0\\]\\[0\\]`),
    );
    expect(model.layers.map((layer) => layer.name)).toEqual(['in', 'dense']);
  });

  it('takes variables, which no configuration can hold', async () => {
    const a = layers.input({ shape: [2] });
    const scale = variable([2, 3]);
    const model = new Model({ inputs: a, outputs: ops.multiply(a, scale) });
    expect(Array.from(await (await model.predict([[1, 1]])).data())).toEqual([2, 3]);
    scale.assign([5, 7]);
    expect(Array.from(await (await model.predict([[1, 1]])).data())).toEqual([5, 7]);
    expect(errorOf(() => model.getConfig())).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringContaining('ops.multiply'),
    });
  });

  it('draws new random numbers each time', async () => {
    const a = layers.input({ shape: [64] });
    const model = new Model({ inputs: a, outputs: ops.dropout(a, { rate: 0.5 }) });
    const ones = [Array<number>(64).fill(1)];
    const draw = async () => Array.from(await (await model.predict(ones)).data());
    // Two of 2 ** 64 masks are equal with no chance worth counting.
    expect(await draw()).not.toEqual(await draw());
  });

  it('can be cut, and shares its layers with others', async () => {
    const a = layers.input({ shape: [2] });
    const doubled = ops.multiply(a, 2);
    const shifted = ops.add(doubled, [1, -1]);
    const whole = new Model({ inputs: a, outputs: shifted });
    const tail = new Model({ inputs: doubled, outputs: shifted });
    expect(Array.from(await (await whole.predict([[1, 2]])).data())).toEqual([3, 3]);
    expect(Array.from(await (await tail.predict([[1, 2]])).data())).toEqual([2, 1]);
    expect(Array.from(await (await copyOf(tail).predict([[1, 2]])).data())).toEqual([2, 1]);
  });

  it('keeps numbers that JSON does not have', async () => {
    const a = layers.input({ shape: [3] });
    const model = new Model({ inputs: a, outputs: ops.where(ops.greater(a, 0), a, -Infinity) });
    expect(Array.from(await (await copyOf(model).predict([[1, -1, 2]])).data())).toEqual([1, -Infinity, 2]);
  });

  it('is no head of a Sequential', () => {
    const a = ops.relu(layers.input({ shape: [3] }));
    expect(errorOf(() => new Sequential([a]))).toMatchObject({ code: 'ARGUMENT' });
  });
});

it('arguments that hold themselves are refused', () => {
  const circle: unknown[] = [];
  circle.push(circle);
  const input = layers.input({ shape: [2] });
  expect(errorOf(() => ops.minimum(input, circle as never)).code).toBe('ARGUMENT');
});
