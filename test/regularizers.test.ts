import { firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { Model, Sequential, type Sym, compile, layers, ops, optimizers, regularizers } from 'nodegrad';
import { errorOf, numbersOf } from './support/run.js';

const WEIGHTS = [
  [
    [1, -2],
    [0.5, 3],
  ],
  [0.25, -1],
];
const X = [
  [1, 2],
  [3, -1],
  [0, 1],
];
const Y = [
  [1, 0],
  [0, 1],
  [1, 1],
];

/** A dense layer of known weights, as a model with a squared error. */
function dense(options: Partial<Parameters<typeof layers.dense>[0]>) {
  const layer = layers.dense({ units: 2, ...options });
  const model = new Sequential([layers.input({ shape: [2] }), layer]);
  model.setWeights(WEIGHTS);
  model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'meanSquaredError' });
  return { layer, model };
}

const outputs = X.map(([a, b]) => [a! + 0.5 * b! + 0.25, -2 * a! + 3 * b! - 1]);
const error =
  outputs
    .flatMap((row, i) => row.map((y, j) => (y - itemAt(itemAt(Y, i), j)) ** 2))
    .reduce((sum, e) => sum + e) / 6;

describe('regularizers', () => {
  it.each([
    ['l1', 'l1', 0.01 * 6],
    ['l2', 'l2', 0.01 * 14],
    ['L1L2 of nothing', 'L1L2', 0],
    ['l1 by factor', regularizers.l1({ l1: 0.5 }), 3],
    ['both', regularizers.l1l2({ l1: 0.5, l2: 0.25 }), 3 + 3.5],
    ['by configuration', { className: 'L2', config: { l2: 2 } }, 28],
  ] as const)('%s', async (_, given, expected) => {
    const { layer } = dense({ kernelInitializer: 'zeros', kernelRegularizer: given });
    const { regularizer } = firstOf(layer.weights);
    expect(
      (
        await numbersOf(
          (x) => regularizer!.call(x),
          [
            [1, -2],
            [3, 0],
          ],
        )
      )[0],
    ).toBeCloseTo(expected, 6);
    const again = layers.dense(layer.getConfig());
    expect(again.getConfig()).toEqual(layer.getConfig());
  });

  it.each([
    ['a name', 'l3', /regularizer.*l1, l1l2, l2.*'l3'/],
    ['another thing', 7, /regularizer.*received 7/],
  ])('refuse %s that they do not know', (_, given, message) => {
    expect(errorOf(() => dense({ kernelRegularizer: given as never }))).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuse negative factors', () => {
    expect(errorOf(() => regularizers.l2({ l2: -1 })).message).toMatch(
      /\[l2\].*of 0 or more for l2, received -1/,
    );
  });
});

describe('the loss of a model', () => {
  it('has what weights and outputs add, in evaluation too', async () => {
    const { model } = dense({ kernelRegularizer: 'l2', biasRegularizer: 'l1', activityRegularizer: 'l2' });
    const kernel = 0.01 * (1 + 4 + 0.25 + 9);
    const bias = 0.01 * 1.25;
    const activity = (0.01 * outputs.flat().reduce((sum, y) => sum + y * y, 0)) / 3;
    const { loss } = await model.evaluate(X, Y, { verbose: 0 });
    expect(loss).toBeCloseTo(error + kernel + bias + activity, 5);
    // Two batches: each loss weighs as many samples as it has, and the activity's share is a mean too.
    const batched = await model.evaluate(X, Y, { verbose: 0, batchSize: 2 });
    expect(batched.loss).toBeCloseTo(loss!, 5);
  });

  it('is followed by training: l2 pulls each weight by 2 · l2 of it', async () => {
    const l2 = 0.05;
    const [plain, pulled] = [dense({}), dense({ kernelRegularizer: regularizers.l2({ l2 }) })];
    await plain.model.trainOnBatch(X, Y);
    const { loss } = await pulled.model.trainOnBatch(X, Y);
    expect(loss).toBeCloseTo(error + l2 * 14.25, 5);
    const [a, b] = [await plain.model.getWeights(), await pulled.model.getWeights()];
    const before = firstOf(WEIGHTS).flat();
    firstOf(a).data.forEach((weight, i) => {
      expect(firstOf(b).data[i]).toBeCloseTo(weight - 0.1 * 2 * l2 * itemAt(before, i), 5);
    });
    expect([...itemAt(b, 1).data]).toEqual([...itemAt(a, 1).data]);
  });

  it('leaves out the weights of frozen layers, whenever they were frozen', async () => {
    const { model, layer } = dense({ kernelRegularizer: 'l2' });
    expect((await model.evaluate(X, Y, { verbose: 0 })).loss).toBeCloseTo(error + 0.01 * 14.25, 5);
    layer.trainable = false;
    expect((await model.evaluate(X, Y, { verbose: 0 })).loss).toBeCloseTo(error, 5);
  });

  it('reaches through nested models and shared layers', async () => {
    const shared = layers.dense({ units: 2, kernelRegularizer: 'l2', activityRegularizer: 'l1' });
    const inner = new Sequential([layers.input({ shape: [2] }), shared]);
    const x = layers.input({ shape: [2] });
    const y = layers.add().apply([inner.apply(x), shared.apply(x)]);
    const model = new Model({ inputs: x, outputs: y });
    shared.setWeights(WEIGHTS);
    const losses = compile((a: Sym) => {
      model.apply(a);
      return model.losses;
    });
    const sums = await Promise.all((await losses(X)).map((loss) => loss.item()));
    const absolute = outputs.flat().reduce((sum, value) => sum + Math.abs(value), 0);
    const activity = (0.01 * absolute) / 3;
    // The inner model and the outer one both hold the layer, which is counted once.
    expect(sums.map((sum) => +sum.toFixed(5))).toEqual(
      [activity, activity, 0.01 * 14.25].map((sum) => +sum.toFixed(5)),
    );
  });

  it('is there for own training loops, and nowhere else', async () => {
    const { layer } = dense({ kernelRegularizer: 'l1', activityRegularizer: regularizers.l2({ l2: 1 }) });
    const run = compile((x: Sym) => ({ y: layer.apply(x), losses: layer.losses }));
    const { losses } = await run(X);
    expect(losses).toHaveLength(2);
    expect(await itemAt(losses, 1).item()).toBeCloseTo(0.01 * 6.5, 6);
    expect(errorOf(() => layer.losses)).toMatchObject({ code: 'STATE' });
  });

  it('takes what a layer of one’s own adds', async () => {
    class Sparse extends layers.Layer {
      readonly className = 'Sparse';
      call(x: Sym): Sym {
        this.addLoss(ops.multiply(ops.mean(ops.abs(x)), 3));
        return x;
      }
    }
    const model = new Sequential([layers.input({ shape: [2] }), new Sparse()]);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const { loss } = await model.evaluate(X, X, { verbose: 0 });
    expect(loss).toBeCloseTo(3 * (8 / 6), 5);
  });
});

describe('orthogonalRegularizer', () => {
  const matrix = [
    [3, 4],
    [4, -3],
    [0, 5],
  ];

  it('is the mean of |cosine| over pairs of rows or columns, times the factor', async () => {
    // Rows: cosines 0, 4/5 and -3/5. Columns (3, 4, 0) and (4, -3, 5): 12 - 12 = 0.
    const rows = regularizers.orthogonalRegularizer({ factor: 0.5 });
    const columns = regularizers.orthogonalRegularizer({ factor: 0.5, mode: 'columns' });
    // Some ten roundings of float32.
    expect((await numbersOf((x) => rows.call(x), matrix))[0]).toBeCloseTo((0.5 * (0.8 + 0.6)) / 3, 6);
    expect((await numbersOf((x) => columns.call(x), matrix))[0]).toBeCloseTo(0, 6);
  });

  it('takes a matrix, and is 0 for one vector', async () => {
    const one = regularizers.orthogonalRegularizer();
    expect(await numbersOf((x) => one.call(x), [[1, 2]])).toEqual([0]);
    await expect(numbersOf((x) => one.call(x), [1, 2])).rejects.toMatchObject({ code: 'SHAPE' });
  });
});
