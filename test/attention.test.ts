import { atLeast, firstOf, itemAt, mapTuple } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { Model, type Sym, type Tensor, compile, grad, layers, ops, regularizers, tensor } from 'nodegrad';
import { factoryName } from '../lib/base/names.js';
import { type Stored, readFixture, worst } from './fixtures/read.js';
import { errorOf } from './support/run.js';

interface Row {
  layer: string;
  options: Record<string, unknown>;
  xs: Stored[];
  masks: Partial<Record<'query' | 'value' | 'key' | 'attention', Stored>>;
  ys: Stored[];
  names: string[];
  weights: Stored[];
  dy: Stored;
  gradients: Stored[];
}
const { entries } = readFixture('attention') as { entries: Row[] };

const make = (row: Row): layers.Layer =>
  (layers as unknown as Record<string, (options: object) => layers.Layer>)[factoryName(row.layer)]!(
    row.options,
  );
const given = ({ data, shape, dtype }: Stored) => tensor(data, shape, dtype);
/** Sums of up to 60 terms, a softmax and another sum: some 130 roundings of float32, 6e-8 of the largest number each. */
const BOUND = 8e-6;
const near = (actual: ArrayLike<number>, expected: Stored) =>
  worst(Float32Array.from(actual), expected.data, Math.max(1, ...expected.data.map(Math.abs)));

/** The inputs of a row's call, with their masks. */
function called(xs: readonly Sym[], masks: ReadonlyMap<string, Sym>): Sym[] {
  ['query', 'value', 'key'].forEach((name, i) => {
    if (masks.has(name)) itemAt(xs, i).mask = masks.get(name);
  });
  const attention = masks.get('attention');
  if (!attention) return [...xs];
  const [query, value, key = value] = atLeast(xs, 2);
  return [query, value, key, attention];
}

describe('attention layers give what Keras gives', () => {
  it.each(
    entries.map(
      (row) =>
        [`${row.layer} ${JSON.stringify(row.options)} ${Object.keys(row.masks).join(' ')}`, row] as const,
    ),
  )('%s', async (_, row) => {
    const layer = make(row);
    expect(layer.className).toBe(row.layer);
    const names = Object.keys(row.masks);
    const step = compile((...all: Sym[]) => {
      const xs = all.slice(0, row.xs.length);
      const dy = all[row.xs.length];
      const masks = new Map(names.map((name, i) => [name, itemAt(all, row.xs.length + 1 + i)]));
      const ys = layer.applyAll(called(xs, masks));
      const gradients = grad(firstOf(ys), [...xs, ...layer.trainableWeights], dy);
      const named = (list: readonly Sym[], name: string) => list.map((value, i) => [`${name}${i}`, value]);
      return Object.fromEntries([...named(ys, 'y'), ...named(gradients, 'g')]) as Record<string, Sym>;
    });
    const data = [...row.xs, row.dy, ...Object.values(row.masks)].map(given);
    await step(...data); // which builds it
    expect(layer.weights.map(({ name }) => name.replace(`${layer.name}/`, ''))).toEqual(row.names);
    layer.setWeights(row.weights.map(given));
    const result = (await step(...data)) as Record<string, Tensor>;
    for (const [i, expected] of row.ys.entries()) {
      expect(result[`y${i}`]!.shape).toEqual(expected.shape);
      expect(near(await result[`y${i}`]!.data(), expected), `output ${i}`).toBeLessThanOrEqual(BOUND);
    }
    for (const [i, expected] of row.gradients.entries())
      expect(near(await result[`g${i}`]!.data(), expected), `gradient ${i}`).toBeLessThanOrEqual(BOUND);
  });
});

const uniform = (...shape: number[]) => ops.randomUniform(shape, { seed: shape.length, minval: -1 });

describe('unknown lengths', () => {
  const variants: [string, () => layers.Layer][] = [
    ['attention', () => layers.attention({ useCausalMask: true })],
    ['additiveAttention', () => layers.additiveAttention()],
    ['multiHeadAttention', () => layers.multiHeadAttention({ numHeads: 2, keyDim: 3 })],
    [
      'multiHeadAttention, causal',
      () => layers.multiHeadAttention({ numHeads: 2, keyDim: 3, useCausalMask: true, slidingWindow: 2 }),
    ],
    [
      'groupQueryAttention with scores',
      () =>
        layers.groupQueryAttention({
          ...{ headDim: 3, numQueryHeads: 4, numKeyValueHeads: 2 },
          ...{ useCausalMask: true, returnAttentionScores: true },
        }),
    ],
  ];
  it.each(variants)('%s', async (_, layerOf) => {
    const layer = layerOf();
    const places = (steps: number, positions: number) => [
      layers.input({ shape: [steps, 4] }),
      layers.input({ shape: [positions, 4] }),
    ];
    const model = (steps: number, positions: number) => {
      const inputs = places(steps, positions);
      return new Model({ inputs, outputs: layer.applyAll(inputs) });
    };
    const open = model(-1, -1);
    expect(firstOf(open.outputs).shape).toEqual([-1, -1, 4]);
    for (const [n, steps, positions] of [
      [2, 5, 3],
      [1, 1, 4],
    ] as const) {
      const xs = [uniform(n, steps, 4), uniform(n, positions, 4)];
      const listed = (result: unknown) => (Array.isArray(result) ? result : [result]) as Tensor[];
      const [actual, known] = mapTuple(
        [await open.predict(xs), await model(steps, positions).predict(xs)],
        listed,
      );
      for (const [i, y] of actual.entries()) {
        expect(y.shape).toEqual(itemAt(known, i).shape);
        expect(worst(await y.data(), await itemAt(known, i).data(), 1)).toBeLessThanOrEqual(1e-6);
      }
    }
  });

  it('the mask of a causal layer is that of the steps that it has', async () => {
    const inputs = layers.input({ shape: [-1, 2] });
    const scores = layers.multiHeadAttention({
      ...{ numHeads: 1, keyDim: 2, useCausalMask: true, returnAttentionScores: true },
    });
    const model = new Model({ inputs, outputs: itemAt(scores.applyAll([inputs, inputs]), 1) });
    const weights = await model.predict(uniform(1, 3, 2));
    const seen = Array.from(await weights.data(), (v) => v > 0);
    expect(seen).toEqual([true, false, false, true, true, false, true, true, true]);
  });
});

describe('dropout of attention weights', () => {
  it.each([
    ['attention', () => layers.attention({ dropout: 0.5, seed: 3, returnAttentionScores: true })],
    [
      'additiveAttention',
      () => layers.additiveAttention({ dropout: 0.5, seed: 3, returnAttentionScores: true }),
    ],
  ])('%s gives the weights with the dropped ones, as Keras does', async (_, layerOf) => {
    const layer = layerOf();
    const step = compile((x: Sym) => {
      const [, weights] = layer.applyAll([x, x], { training: true });
      const [, whole] = layer.applyAll([x, x]);
      return { weights, whole };
    });
    const { weights, whole } = await step(uniform(8, 16, 4));
    const [dropped, all] = [await weights!.data(), await whole!.data()];
    const zeros = Array.from(dropped).filter((v) => v === 0).length / dropped.length;
    // Five standard errors of 2048 draws.
    expect(Math.abs(zeros - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / 2048));
    for (const [i, v] of dropped.entries()) if (v !== 0) expect(v / all[i]!).toBeCloseTo(2, 4);
  });

  it.each([
    ['multiHeadAttention', () => layers.multiHeadAttention({ numHeads: 2, keyDim: 4, dropout: 0.5 })],
    [
      'groupQueryAttention',
      () => layers.groupQueryAttention({ headDim: 4, numQueryHeads: 2, numKeyValueHeads: 1, dropout: 0.5 }),
    ],
  ])('%s drops while it trains, and only then', async (_, layerOf) => {
    const layer = layerOf();
    const step = compile((x: Sym) => ({
      plain: layer.apply([x, x]),
      again: layer.apply([x, x]),
      trained: layer.apply([x, x], { training: true }),
    }));
    const { plain, again, trained } = await step(uniform(2, 5, 4));
    expect(await again.data()).toEqual(await plain.data());
    expect(await trained.data()).not.toEqual(await plain.data());
  });
});

describe('the parts of multiHeadAttention', () => {
  it('are penalized for what they put out, as in Keras', async () => {
    const layer = layers.multiHeadAttention({
      ...{ numHeads: 1, keyDim: 2, useBias: false, kernelInitializer: 'ones' },
      activityRegularizer: regularizers.l1({ l1: 1 }),
    });
    const step = compile((x: Sym) => {
      const y = layer.apply([x, x]);
      return { y, loss: layer.losses.reduce((a, b) => ops.add(a, b)) };
    });
    // One step of ones: query, key and value are 2 · 1 each, twice; the result twice 4.
    const { loss } = await step([[[1, 1]]]);
    expect(await loss.item()).toBeCloseTo(3 * 4 + 8, 5);
  });

  it('have the scale of a matrix from inputs to outputs of the product', async () => {
    const layer = layers.einsumDense({ equation: 'abc,cde->abde', outputShape: [null, 16, 8] });
    layer.computeOutputShape([-1, 4, 64]);
    const { data } = firstOf(await layer.getWeights());
    // Glorot: fans 64 and 128, of the matrix [64, 16 · 8].
    const limit = Math.sqrt(6 / (64 + 128));
    const largest = Math.max(...Array.from(data as Float32Array, Math.abs));
    expect(largest).toBeLessThanOrEqual(limit);
    expect(largest).toBeGreaterThan(0.99 * limit);
  });

  it('follow trainable', () => {
    const layer = layers.multiHeadAttention({ numHeads: 1, keyDim: 2, trainable: false });
    layer.computeOutputShape([
      [-1, 3, 4],
      [-1, 3, 4],
    ]);
    expect(layer.trainableWeights).toEqual([]);
    layer.trainable = true;
    expect(layer.trainableWeights).toHaveLength(8);
  });
});

describe('what does not fit is refused', () => {
  const mha = { numHeads: 2, keyDim: 4 };
  const gqa = { headDim: 4, numQueryHeads: 4, numKeyValueHeads: 2 };
  it.each<[string, () => unknown, string]>([
    [
      'heads',
      () => layers.multiHeadAttention({ ...mha, numHeads: 0 }),
      'expected a positive integer for numHeads',
    ],
    [
      'a size',
      () => layers.multiHeadAttention({ ...mha, keyDim: 1.5 }),
      'expected a positive integer for keyDim',
    ],
    [
      'another size',
      () => layers.multiHeadAttention({ ...mha, valueDim: 0 }),
      'expected a positive integer for valueDim',
    ],
    [
      'a shape',
      () => layers.multiHeadAttention({ ...mha, outputShape: [0] }),
      'expected a positive integer for outputShape',
    ],
    [
      'axes',
      () => layers.multiHeadAttention({ ...mha, attentionAxes: [] }),
      'expected axes between the batch',
    ],
    [
      'the batch as axis',
      () => layers.multiHeadAttention({ ...mha, attentionAxes: 0 }),
      'expected axes between the batch',
    ],
    ['a rate', () => layers.multiHeadAttention({ ...mha, dropout: 1.1 }), 'expected dropout from 0 to 1'],
    [
      'a window',
      () => layers.multiHeadAttention({ ...mha, slidingWindow: 0 }),
      'expected a positive integer for slidingWindow',
    ],
    ['a seed', () => layers.multiHeadAttention({ ...mha, seed: 0.5 }), 'expected an integer as seed'],
    [
      'flashAttention with dropout',
      () => layers.multiHeadAttention({ ...mha, dropout: 0.1, flashAttention: true }),
      'expected flashAttention without dropout',
    ],
    [
      'flashAttention with scores',
      () => layers.groupQueryAttention({ ...gqa, returnAttentionScores: true, flashAttention: true }),
      'expected flashAttention without returnAttentionScores',
    ],
    [
      'groups',
      () => layers.groupQueryAttention({ ...gqa, numKeyValueHeads: 3 }),
      'expected numKeyValueHeads that divide',
    ],
    [
      'a mode',
      () => layers.attention({ scoreMode: 'sum' as never }),
      "expected 'dot' or 'concat' as scoreMode",
    ],
    [
      'an equation',
      () => layers.einsumDense({ equation: 'ab,bc', outputShape: 3 }),
      'expected an equation such as',
    ],
    [
      'a letter',
      () => layers.einsumDense({ equation: 'ab,bcd->ac', outputShape: 3 }),
      'expected letters of input or result',
    ],
    [
      'a letter of the bias',
      () => layers.einsumDense({ equation: 'ab,bc->ac', outputShape: 3, biasAxes: 'b' }),
      "expected letters of the result 'ac' as biasAxes",
    ],
    [
      'an output',
      () => layers.einsumDense({ equation: 'ab,bc->ac', outputShape: [0] }),
      'expected a positive integer for outputShape',
    ],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  it.each<[string, () => layers.Layer, number[][], string]>([
    ['one input', () => layers.multiHeadAttention(mha), [[-1, 3, 4]], 'ARGUMENT'],
    ['one input of attention', () => layers.attention(), [[-1, 3, 4]], 'ARGUMENT'],
    [
      'a matrix',
      () => layers.multiHeadAttention(mha),
      [
        [-1, 4],
        [-1, 4],
      ],
      'SHAPE',
    ],
    [
      'two ranks',
      () => layers.multiHeadAttention(mha),
      [
        [-1, 3, 4],
        [-1, 2, 3, 4],
      ],
      'SHAPE',
    ],
    [
      'an axis that is the features',
      () => layers.multiHeadAttention({ ...mha, attentionAxes: 2 }),
      [
        [-1, 3, 4],
        [-1, 3, 4],
      ],
      'ARGUMENT',
    ],
    [
      'rank 4',
      () => layers.groupQueryAttention(gqa),
      [
        [-1, 2, 3, 4],
        [-1, 2, 3, 4],
      ],
      'SHAPE',
    ],
    [
      'rank 4 of attention',
      () => layers.attention(),
      [
        [-1, 2, 3, 4],
        [-1, 2, 3, 4],
      ],
      'SHAPE',
    ],
    [
      'too many axes',
      () => layers.einsumDense({ equation: 'ab,bc->ac', outputShape: 3 }),
      [[-1, 2, 3]],
      'SHAPE',
    ],
    [
      'unknown sizes',
      () => layers.einsumDense({ equation: 'ab,bc->ac', outputShape: 3 }),
      [[-1, -1]],
      'SHAPE',
    ],
    [
      'another size',
      () => layers.einsumDense({ equation: 'abc,cd->abd', outputShape: [2, 3] }),
      [[-1, 4, 5]],
      'SHAPE',
    ],
    [
      'too few sizes',
      () => layers.einsumDense({ equation: 'abc,cd->abd', outputShape: 3 }),
      [[-1, 4, 5]],
      'ARGUMENT',
    ],
    [
      'too many sizes',
      () => layers.einsumDense({ equation: 'ab,bc->ac', outputShape: [3, 2] }),
      [[-1, 4]],
      'ARGUMENT',
    ],
    [
      'a size of the first axes',
      () => layers.einsumDense({ equation: '...b,bc->...c', outputShape: [4, 3] }),
      [[-1, 4, 5]],
      'ARGUMENT',
    ],
    [
      'another size of the last axes',
      () => layers.einsumDense({ equation: 'ab...,bc->ac...', outputShape: [3, 6] }),
      [[-1, 4, 5]],
      'SHAPE',
    ],
    [
      'some sizes of the last axes',
      () => layers.einsumDense({ equation: 'ab...,bc->ac...', outputShape: [3, 5] }),
      [[-1, 4, 5, 2]],
      'ARGUMENT',
    ],
  ])('%s', (_, layerOf, shapes, code) => {
    const error = errorOf(() => layerOf().computeOutputShape(shapes.length === 1 ? firstOf(shapes) : shapes));
    expect(error.code).toBe(code);
    expect(error.message).toContain('expected');
  });
});
