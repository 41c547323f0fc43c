import { mapTuple } from '../lib/base/list.js';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  EngineError,
  NDArray,
  Sequential,
  type TensorData,
  layers,
  memory,
  mixedPrecision,
  saving,
  tensor,
  tidy,
  utils,
} from '../lib/index.js';

interface Fixture {
  cube: TensorData;
  padSequences: { options: utils.PadSequencesOptions; sequences: TensorData[]; values: TensorData }[];
  normalize: { axis: number; order: number | null; values: TensorData }[];
  toCategorical: { classes: TensorData; numClasses: number | null; values: TensorData }[];
}
const fixture = JSON.parse(readFileSync(new URL('fixtures/utils.json', import.meta.url), 'utf8')) as Fixture;

/** An array as nested lists. */
const nested = ({ data, shape, dtype }: NDArray) => tensor(data, shape, dtype).arraySync();
const flat = (data: TensorData) => Array.from(tensor(data).dataSync());
const codeOf = (body: () => unknown) => {
  try {
    body();
  } catch (error) {
    return error instanceof EngineError ? error.code : error;
  }
  return 'no error';
};

describe('as Keras gives it', () => {
  it.each(fixture.padSequences)(
    'padSequences of $sequences with $options',
    ({ options, sequences, values }) => {
      const padded = utils.padSequences(sequences, options);
      expect(nested(padded)).toEqual(values);
      expect(padded.dtype).toBe(options.dtype ?? 'int32');
    },
  );

  it.each(fixture.normalize)('normalize along $axis with order $order', ({ axis, order, values }) => {
    const given = utils.normalize(fixture.cube, axis, order ?? Infinity);
    const expected = flat(values);
    expect(given.shape).toEqual([2, 3, 4]);
    // Each is a quotient of doubles, rounded to float32 once; the norms differ in their last bits.
    given.data.forEach((value, i) => {
      expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThanOrEqual(2 ** -23);
    });
  });

  it.each(fixture.toCategorical)('toCategorical of $classes', ({ classes, numClasses, values }) => {
    expect(nested(utils.toCategorical(classes, numClasses ?? undefined))).toEqual(values);
  });
});

describe('normalize', () => {
  it('leaves zeros, and does not overflow', () => {
    expect(nested(utils.normalize([[0, 0]]))).toEqual([[0, 0]]);
    expect(nested(utils.normalize(new Float64Array([3e200, 4e200])))).toEqual([
      Math.fround(0.6),
      Math.fround(0.8),
    ]);
  });
});

describe('splitDataset', () => {
  const x = new NDArray(
    Float32Array.from({ length: 20 }, (_, i) => i),
    [10, 2],
  );
  const y = Int32Array.from({ length: 10 }, (_, i) => i);

  it('cuts each array of a record', () => {
    const [left, right] = utils.splitDataset({ x, y }, { leftSize: 0.7 });
    expect([left.x.shape, left.y.shape, right.x.shape, right.y.shape]).toEqual([[7, 2], [7], [3, 2], [3]]);
    expect(Array.from(right.y.data)).toEqual([7, 8, 9]);
    expect(left.y.dtype).toBe('int32');
  });

  it('shuffles samples together, in the order of the seed', () => {
    const split = (seed: number) => utils.splitDataset([x, y], { rightSize: 4, shuffle: true, seed });
    const [[leftX, leftY], [, rightY]] = split(3) as unknown as [[NDArray, NDArray], [NDArray, NDArray]];
    expect([...leftY.data, ...rightY.data].sort((a, b) => a - b)).toEqual([...y]);
    expect([...leftY.data]).not.toEqual([0, 1, 2, 3, 4, 5]);
    leftY.data.forEach((row, i) => expect(leftX.data[i * 2]).toBe(row * 2));
    expect(split(3)).toEqual(split(3));
    expect(split(4)).not.toEqual(split(3));
  });

  it('gives tensors for tensors', () => {
    const [left] = utils.splitDataset(tensor([[1], [2], [3]]), { leftSize: 2 });
    expect(left.arraySync()).toEqual([[1], [2]]);
  });

  it.each([
    [undefined],
    [{}],
    [{ leftSize: 0 }],
    [{ leftSize: 10 }],
    [{ leftSize: 6, rightSize: 6 }],
    [{ leftSize: 1.5 }],
  ])('refuses %j', (options) => {
    expect(codeOf(() => utils.splitDataset(x, options))).toBe('ARGUMENT');
  });
});

describe('timeseriesDatasetFromArray', () => {
  const steps = Float32Array.from({ length: 100 }, (_, i) => i);

  // The first example of Keras's page.
  it('gives windows at each stride', async () => {
    const options = { sequenceLength: 10, sequenceStride: 3, samplingRate: 2 };
    const series = utils.timeseriesDatasetFromArray(steps.subarray(0, 99), null, options);
    const [[x]] = (await series.toArray()) as [[NDArray]];
    const windows = nested(x) as number[][];
    expect(windows[0]).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    expect(windows[1]?.[0]).toBe(3);
    expect(windows.at(-1)).toEqual([78, 80, 82, 84, 86, 88, 90, 92, 94, 96]);
  });

  it('gives the target of each window, in batches that start anew', async () => {
    const batches = utils.timeseriesDatasetFromArray(steps.subarray(0, 90), steps.subarray(10), {
      sequenceLength: 10,
      batchSize: 32,
    });
    for (let pass = 0; pass < 2; pass++) {
      const all = await batches.toArray();
      expect(all.map(([x]) => x.shape)).toEqual([
        [32, 10],
        [32, 10],
        [17, 10],
      ]);
      for (const [x, y] of all)
        y?.data.forEach((target, i) => expect(target).toBe((x.data[i * 10] ?? NaN) + 10));
    }
  });

  it('shuffles whole windows, another way each pass', async () => {
    const options = { sequenceLength: 2, startIndex: 5, endIndex: 50, shuffle: true, seed: 1 };
    const batches = utils.timeseriesDatasetFromArray(steps, steps, options);
    const pass = async () => (await batches.toArray()).flatMap(([, y]) => [...(y?.data ?? [])]);
    const [first, second] = [await pass(), await pass()];
    expect(first).not.toEqual(second);
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 44 }, (_, i) => i + 5));
    expect([...first].sort()).toEqual([...second].sort());
  });

  it('is data for fit', async () => {
    using model = new Sequential([layers.dense({ units: 1 })]);
    model.compile({ loss: 'mse' });
    const batches = utils.timeseriesDatasetFromArray(steps, steps, { sequenceLength: 4 });
    const { history } = await model.fit(batches, undefined, { epochs: 2, verbose: 0 });
    expect(history['loss']).toHaveLength(2);
  });

  it.each([{ sequenceLength: 101 }, { sequenceLength: 0 }, { sequenceLength: 2, endIndex: 101 }])(
    'refuses %j',
    (options) => {
      expect(codeOf(() => utils.timeseriesDatasetFromArray(steps, null, options))).toBe('ARGUMENT');
    },
  );
});

describe('batches', () => {
  const [x, y, weights] = [new Float32Array(4), new Float32Array([1, 2]), new Float32Array([3, 4])];

  it('are packed as far as they are given', () => {
    expect(utils.packXYSampleWeight(x)).toBe(x);
    expect(utils.packXYSampleWeight([x, y])).toEqual([[x, y]]);
    expect(utils.packXYSampleWeight(x, y)).toEqual([x, y]);
    expect(utils.packXYSampleWeight(x, y, weights)).toEqual([x, y, weights]);
  });

  it.each([
    ['x', [x, undefined, undefined]],
    ['a list of inputs', [[x, y], undefined, undefined]],
    ['x and y', [x, y, undefined]],
    ['x, y and weights', [x, y, weights]],
  ] as const)('are unpacked to what was packed: %s', (_, parts) => {
    expect(utils.unpackXYSampleWeight(utils.packXYSampleWeight(parts[0], parts[1], parts[2]))).toEqual(parts);
  });
});

describe('clearSession', () => {
  it('counts names from the start, and leaves those that are given', () => {
    utils.clearSession();
    const before = [layers.dense({ units: 1 }), layers.dense({ units: 1 })];
    utils.clearSession();
    const after = layers.dense({ units: 1 });
    expect([...before, after].map(({ name }) => name)).toEqual(['dense', 'dense_1', 'dense']);
  });

  it('sets the dtype policy back, and keeps registered objects', () => {
    const own = utils.registerKerasSerializable('clearSession', 'own')(() => 1);
    const policy = mixedPrecision.dtypePolicy();
    mixedPrecision.setDtypePolicy('mixedBfloat16');
    utils.clearSession();
    expect(mixedPrecision.dtypePolicy()).toBe('float32');
    expect(utils.getRegisteredObject('clearSession>own')).toBe(own);
    mixedPrecision.setDtypePolicy(policy);
  });
});

it('getSourceInputs finds the inputs of an output, each once', () => {
  const [a, b, c] = mapTuple([1, 2, 3], () => layers.input({ shape: [2] }));
  const sum = layers.add().apply([layers.relu().apply(a), b]);
  expect(utils.getSourceInputs(a)).toEqual([a]);
  expect(utils.getSourceInputs(layers.multiply().apply([sum, a, c, sum]))).toEqual([a, b, c]);
  expect(codeOf(() => utils.getSourceInputs(tensor([1]) as never))).toBe('ARGUMENT');
  let deep = a;
  for (let i = 0; i < 20_000; i++) deep = layers.rescaling({ scale: 1 }).apply(deep);
  expect(utils.getSourceInputs(deep)).toEqual([a]);
});

it('isKerasTensor tells outputs of layers from tensors', () => {
  const input = layers.input({ shape: [2] });
  expect([input, layers.dense({ units: 1 }), tensor([1]), 1, null].map(utils.isKerasTensor)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

it('standardizeDtype gives the names of this library', () => {
  const names = [undefined, 'float32', 'int32', 'uint8', 'bool'] as const;
  expect(names.map((name) => utils.standardizeDtype(name))).toEqual([
    'float32',
    'float32',
    'int32',
    'uint8',
    'bool',
  ]);
  for (const wrong of ['float64', 'float', 'toString', 5, null])
    expect(codeOf(() => utils.standardizeDtype(wrong as never))).toBe('DTYPE');
});

it('getCustomObjects is a frozen record of what is registered', () => {
  const before = utils.getCustomObjects();
  const own = utils.registerKerasSerializable('getCustomObjects', 'own')(() => 1);
  expect(utils.getCustomObjects()).toEqual({ ...before, 'getCustomObjects>own': own });
  expect(before).not.toHaveProperty(['getCustomObjects>own']);
  expect(Object.isFrozen(before)).toBe(true);
});

it('has all of saving', () => {
  expect(utils).toMatchObject({ ...saving });
});

describe("under TensorFlow.js's names", () => {
  it('tidy gives what the function returns, which stays alive', async () => {
    const made = tidy('a name', () => tensor([1, 2]));
    expect(made.arraySync()).toEqual([1, 2]);
    expect(tidy(() => 3)).toBe(3);
    expect(await tidy(async () => Promise.resolve(4))).toBe(4);
    for (const wrong of [[], ['a name'], [5, () => 1], [null]])
      expect(codeOf(() => (tidy as (...args: unknown[]) => unknown)(...wrong))).toBe('ARGUMENT');
  });

  it('memory counts tensors and their bytes', () => {
    const before = memory();
    const kept = tensor(new Float32Array(1 << 20));
    const held = memory();
    kept.dispose();
    expect(held.numTensors).toBe(before.numTensors + 1);
    expect(held.numBytes).toBeGreaterThanOrEqual(before.numBytes + 4 * (1 << 20));
    expect(memory().numTensors).toBe(before.numTensors);
  });
});

it.each([
  ['packXYSampleWeight', () => utils.packXYSampleWeight([1], undefined, [1])],
  ['unpackXYSampleWeight', () => utils.unpackXYSampleWeight([] as never)],
  ['unpackXYSampleWeight', () => utils.unpackXYSampleWeight([[1], [1], [1], [1]] as never)],
  ['toCategorical', () => utils.toCategorical([0.5])],
  ['toCategorical', () => utils.toCategorical([3], 3)],
  ['toCategorical', () => utils.toCategorical([])],
  ['normalize', () => utils.normalize([1], -1, 0)],
  ['padSequences', () => utils.padSequences([[1]], { maxLen: 0 })],
])('%s refuses what it cannot take', (_, body) => {
  expect(codeOf(body)).toBe('ARGUMENT');
});

it('padSequences refuses a list with holes', () => {
  expect(codeOf(() => utils.padSequences(new Array(2) as number[][]))).toBe('DTYPE');
});
