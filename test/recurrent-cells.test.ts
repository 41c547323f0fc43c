import { atLeast, firstOf, itemAt, mapTuple } from '../lib/base/list.js';
import {
  type Sym,
  type Tensor,
  type Variable,
  Model,
  Sequential,
  compile,
  grad,
  layers,
  ops,
  tensor,
} from 'nodegrad';
import { describe, expect, it } from 'vitest';

const random = (shape: number[], seed: number) => ops.randomUniform(shape, { seed, minval: -1, maxval: 1 });

/** Sums of at most 24 products of numbers below 1, through 5 steps. */
const BOUND = 24 * 5 * 2 ** -24;

const near = async (a: Tensor, b: Tensor, bound = BOUND) => {
  expect([...a.shape]).toEqual([...b.shape]);
  const [x, y] = [await a.data(), await b.data()];
  x.forEach((value, i) => {
    expect(Math.abs(value - y[i]!)).toBeLessThan(bound * Math.max(1, Math.abs(value)));
  });
};

/** A cell whose output is not its state: the state is a moving mean, the output tells how far the input is from it. */
class Distance extends layers.Layer {
  readonly className = 'Distance';
  readonly stateSize = 3;
  readonly outputSize = 2;
  rate!: Variable;
  override build() {
    this.rate = this.addWeight({ name: 'rate', shape: [], initializer: 'ones' });
  }
  call(inputs: readonly Sym[]) {
    const [x, mean] = atLeast(inputs, 2);

    const next = ops.add(mean, ops.multiply(ops.subtract(x, mean), ops.multiply(this.rate, 0.5)));
    const away = ops.sum(ops.abs(ops.subtract(x, next)), { axis: -1, keepDims: true });
    return [ops.concatenate([away, ops.square(away)], { axis: -1 }), next];
  }
}

const X = [
  [
    [2, 0, 4],
    [1, 1, 2],
    [0, 1, 3],
  ],
];

describe('layers.rnn with an own cell', () => {
  // By hand, the mean: [1, 0, 2], [1, 0.5, 2], [0.5, 0.75, 2.5]; the distances: 3, 0.5, 1.25.
  it('goes through a sequence', async () => {
    for (const unroll of [false, true]) {
      const layer = layers.rnn({ cell: new Distance(), returnSequences: true, returnState: true, unroll });
      const x = layers.input({ shape: [3, 3] });
      const model = new Model({ inputs: x, outputs: layer.applyAll(x) });
      const [y, mean] = atLeast((await model.predict(X)) as readonly Tensor[], 2);
      expect(await y.array()).toEqual([
        [
          [3, 9],
          [0.5, 0.25],
          [1.25, 1.5625],
        ],
      ]);
      expect(await mean.array()).toEqual([[0.5, 0.75, 2.5]]);
    }
  });

  it('keeps output and state at masked steps, or gives zeros', async () => {
    const of = async (options: object) => {
      const run = compile((x: Sym) =>
        layers
          .rnn({ cell: new Distance(), returnSequences: true, ...options })
          .apply(layers.masking().apply(x)),
      );
      return (await run([[[0, 0, 0], firstOf(firstOf(X)), [0, 0, 0], itemAt(firstOf(X), 1)]])).array();
    };
    const last = [0.5, 0.25];
    expect(await of({})).toEqual([[[0, 0], [3, 9], [3, 9], last]]);
    expect(await of({ zeroOutputForMask: true })).toEqual([[[0, 0], [3, 9], [0, 0], last]]);
  });

  it('differentiates by input and weights, in a loop as step by step, with any number of steps', async () => {
    const cell = new Distance();
    const [looped, unrolled] = mapTuple([false, true], (unroll) => layers.rnn({ cell, unroll }));
    const step = (layer: layers.Layer) =>
      compile((x: Sym) => {
        const y = layer.apply(x);
        return [y, ...grad(ops.sum(y), [x, cell.rate])];
      });
    for (const [n, steps] of [
      [1, 3],
      [5, 4],
    ] as const) {
      const x = random([n, steps, 3], 1);
      const [a, b] = await Promise.all([step(looped)(x), step(unrolled)(x)]);
      for (const [i, value] of a.entries()) await near(value, itemAt(b, i));
    }
  });

  it('takes first states from the cell', async () => {
    class Counting extends layers.Layer {
      readonly className = 'Counting';
      readonly stateSize = 1;
      getInitialState(x: Sym) {
        return ops.add(ops.multiply(ops.sum(x, { axis: 1 }), 0), 10);
      }
      call(inputs: readonly Sym[]) {
        const [x, count] = atLeast(inputs, 2);

        return [ops.add(x, count), ops.add(count, 1)];
      }
    }
    const run = compile((x: Sym) => layers.rnn({ cell: new Counting(), returnSequences: true }).apply(x));
    expect(await (await run([[[1], [2]]])).array()).toEqual([[[11], [13]]]);
  });

  it('is made again from its configuration, with cells within cells', async () => {
    const cell = layers.stackedRNNCells({ cells: [layers.lstmCell({ units: 3 }), new Distance()] });
    const model = new Sequential([layers.input({ shape: [3, 3] }), layers.rnn({ cell })]);
    const copy = Sequential.fromConfig(model.getConfig(), { Distance });
    copy.setWeights(await model.getWeights());
    await near(await copy.predict(X), await model.predict(X));
    expect(copy.weights).toHaveLength(4);
  });

  it('draws other numbers in each step', async () => {
    class Noise extends layers.Layer {
      readonly className = 'Noise';
      readonly stateSize = 64; // equal by chance once in 2⁶⁴ runs
      readonly dropout = layers.dropout({ rate: 0.5 });
      call(inputs: readonly Sym[]) {
        const [x, h] = atLeast(inputs, 2);

        return [this.dropout.apply(x), h];
      }
    }
    const layer = layers.rnn({ cell: new Noise(), returnSequences: true });
    const run = compile((x: Sym, key: Sym) => layer.apply(x, { training: true, key }));
    const y = await run(ops.add(ops.multiply(random([2, 3, 64], 1), 0), 1), tensor([1, 0], [2], 'int32'));
    const [first] = atLeast((await y.array()) as number[][][], 1);
    expect(first[0]).not.toEqual(first[1]);
  });

  it('trains', async () => {
    const model = new Sequential([layers.input({ shape: [-1, 3] }), layers.rnn({ cell: new Distance() })]);
    model.compile({ optimizer: { className: 'SGD', config: { learningRate: 0.05 } }, loss: 'mse' });
    const x = random([16, 5, 3], 1);
    const y = new Sequential([layers.input({ shape: [-1, 3] }), layers.rnn({ cell: new Distance() })]);
    y.setWeights([[0.5]].map(([rate]) => tensor(rate!)));
    const target = await y.predict(x);
    const { history } = await model.fit(x, target, { epochs: 60, verbose: 0 });
    expect(history['loss']!.at(-1)).toBeLessThan(firstOf(history['loss']!) / 100);
  });

  it('refuses what is no cell, and steps that change variables or add losses', () => {
    expect(() => layers.rnn({ cell: layers.dense({ units: 1, name: 'd' }) as never })).toThrow(
      "[rnn] expected a cell, with a positive integer or a list of such as stateSize in 'd', received undefined",
    );
    expect(() => layers.stackedRNNCells({ cells: [] })).toThrow(
      '[stackedRNNCells] expected a list of cells, one at least',
    );
    expect(() => layers.lstmCell({ units: 1, activityRegularizer: 'l2' })).toThrow(
      '[lstmCell] expected activityRegularizer at the layer that goes through the sequence',
    );
    class Counter extends layers.Layer {
      readonly className = 'Counter';
      readonly stateSize = 3;
      #sum!: Variable;
      override build() {
        this.#sum = this.addWeight({ name: 'sum', shape: [], initializer: 'zeros', trainable: false });
      }
      call(inputs: readonly Sym[]) {
        const [x, h] = atLeast(inputs, 2);

        this.#sum.assign(ops.sum(x));
        return [x, h];
      }
    }
    class Losing extends Counter {
      override call(inputs: readonly Sym[]) {
        const [x, h] = atLeast(inputs, 2);

        this.addLoss(ops.sum(x));
        return [x, h];
      }
    }
    const x = layers.input({ shape: [2, 3] });
    expect(() => layers.rnn({ cell: new Counter() }).apply(x)).toThrow(
      expect.objectContaining({
        code: 'STATE',
        message: expect.stringContaining('that changes no variables'),
      }),
    );
    expect(() => layers.rnn({ cell: new Losing() }).apply(x)).toThrow(
      expect.objectContaining({
        code: 'STATE',
        message: expect.stringContaining('no loss of a single step'),
      }),
    );
    for (const cell of [new Counter(), new Losing()])
      expect(() => layers.rnn({ cell, unroll: true }).apply(x)).not.toThrow();
  });
});

describe('cells of the library', () => {
  const CELLS = [
    ['lstm', layers.lstmCell, 2],
    ['gru', layers.gruCell, 1],
    ['simpleRNN', layers.simpleRNNCell, 1],
  ] as const;

  it.each(CELLS)('%s: a call is a step', async (kind, make, states) => {
    const cell = make({ units: 4 });
    const first = Array.from({ length: states }, (_, i) => random([2, 4], i + 2));
    const step = compile((...xs: Sym[]) => [...cell.applyAll(xs)]);
    const made = await step(random([2, 3], 1), ...first);
    const layer = layers[kind]({ units: 4, returnState: true });
    layer.computeOutputShape([-1, 1, 3]);
    layer.setWeights(await cell.getWeights());
    const whole = await compile((...xs: Sym[]) => [...layer.applyAll(xs)])(
      ops.expandDims(random([2, 3], 1), 1),
      ...first,
    );
    for (const [i, value] of made.entries()) await near(value, itemAt(whole, i));
  });

  it.each(CELLS)('%s: a subclass with its own step is not the fused op', async (_, make) => {
    const Cell = make({ units: 3 }).constructor as new (options: object) => layers.LSTMCell;
    class Zero extends Cell {
      override step(_: Sym, states: readonly Sym[]) {
        return states.map((state) => ops.multiply(state, 0));
      }
    }
    class One extends Cell {
      override call([, ...states]: readonly [Sym, ...Sym[]]): readonly Sym[] {
        const next = states.map((state) => ops.add(ops.multiply(state, 0), 1));
        return [firstOf(next), ...next];
      }
    }
    for (const [cell, value] of [
      [new Zero({ units: 3 }), 0],
      [new One({ units: 3 }), 1],
    ] as const) {
      const run = compile((x: Sym) => layers.rnn({ cell }).apply(x));
      expect(await (await run(random([1, 2, 2], 1))).array()).toEqual([[value, value, value]]);
    }
  });

  it.each(CELLS)('%s: a seed decides what is dropped', async (kind) => {
    const run = async (seed: number, key: number) => {
      const layer = layers[kind]({
        ...{ units: 16, dropout: 0.5, recurrentDropout: 0.5, seed },
        ...{ kernelInitializer: 'ones', recurrentInitializer: 'ones' },
      });
      const step = compile((x: Sym, k: Sym) => layer.apply(x, { training: true, key: k }));
      return (await step(random([2, 3, 16], 1), tensor([key, 0], [2], 'int32'))).data();
    };
    expect(await run(1, 1)).toEqual(await run(1, 2));
    expect(await run(1, 1)).not.toEqual(await run(2, 1));
  });

  it.each(CELLS)('%s: unroll needs a known number of steps, stateful a known batch', (kind) => {
    expect(() => layers[kind]({ units: 1, unroll: true }).apply(layers.input({ shape: [-1, 2] }))).toThrow(
      'expected a known number of steps, which unroll needs, received [?, ?, 2]',
    );
    expect(() => layers[kind]({ units: 1 }).build('x' as never)).toThrow(/as a shape/);
    expect(() => layers[kind]({ units: 1, stateful: true }).apply(layers.input({ shape: [3, 2] }))).toThrow(
      'expected a known size of the batch where stateful is set',
    );
  });

  it('a stateful layer trains and refuses batches of another size', async () => {
    const layer = layers.lstm({ units: 2, stateful: true });
    const model = new Sequential([layers.input({ shape: [3, 2], batchSize: 4 }), layer]);
    model.compile({ loss: 'mse' });
    await model.fit(random([8, 3, 2], 1), random([8, 2], 2), { batchSize: 4, epochs: 2, verbose: 0 });
    const [h] = atLeast(layer.states!, 1);
    expect([...h.shape]).toEqual([4, 2]);
    expect(Math.max(...(await h.data()))).not.toBe(0);
    expect(model.weights).toHaveLength(3);
    layer.resetState();
    expect([...(await h.data())]).toEqual(Array(8).fill(0));
    await expect(model.predict(random([3, 3, 2], 1))).rejects.toThrow(
      expect.objectContaining({ code: 'SHAPE' }),
    );
  });

  it('take auto or false for useCudnn', () => {
    for (const make of [layers.lstm, layers.gru]) {
      expect(() => make({ units: 1, useCudnn: 'auto' })).not.toThrow();
      expect(() => make({ units: 1, useCudnn: false })).not.toThrow();
      expect(() => make({ units: 1, useCudnn: true as never })).toThrow(
        "expected 'auto' or false for useCudnn, as there is no cuDNN here, received true",
      );
    }
  });
});

describe('layers.bidirectional', () => {
  it('begins with the weights that it is given', async () => {
    const weights = [[[1]], [[2]], [3], [[4]], [[5]], [6]].map((value) => tensor(value));
    const layer = layers.bidirectional({ layer: layers.simpleRNN({ units: 1 }), weights });
    layer.computeOutputShape([-1, 2, 1]);
    const numbers = await Promise.all(layer.weights.map((weight) => weight.data()));
    expect(numbers.map(([n]) => n)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('names its layers, and takes no two of one direction or of other outputs', () => {
    const lstm = layers.lstm({ units: 1, name: 'words' });
    const layer = layers.bidirectional({ layer: lstm });
    expect([layer.forwardLayer.name, layer.backwardLayer.name]).toEqual(['forward_words', 'backward_words']);
    expect(() => layers.bidirectional({ layer: lstm, backwardLayer: layers.lstm({ units: 1 }) })).toThrow(
      '[bidirectional] expected a backwardLayer with goBackwards true, received false',
    );
    const other = layers.lstm({ units: 1, goBackwards: true, returnSequences: true });
    expect(() => layers.bidirectional({ layer: lstm, backwardLayer: other })).toThrow(
      '[bidirectional] expected a backwardLayer with returnSequences false, as that of layer, received true',
    );
    expect(() => layers.bidirectional({ layer: layers.dense({ units: 1 }) as never })).toThrow(
      '[bidirectional] expected a recurrent layer',
    );
    expect(() => layers.bidirectional({ layer: lstm, mergeMode: 'min' as never })).toThrow(
      '[bidirectional] expected',
    );
  });

  it('takes any number of samples and steps, and goes on with masks', async () => {
    const x = layers.input({ shape: [-1], dtype: 'int32' });
    const words = layers.embedding({ inputDim: 5, outputDim: 3, maskZero: true }).apply(x);
    const inner = layers.bidirectional({ layer: layers.gru({ units: 2, returnSequences: true }) });
    const y = layers.bidirectional({ layer: layers.lstm({ units: 2 }) }).apply(inner.apply(words));
    const model = new Model({ inputs: x, outputs: y });
    const given = [[1, 2, 3]];
    const whole = await model.predict(tensor(given, undefined, 'int32'));
    const padded = await model.predict(tensor([[...firstOf(given), 0, 0]], undefined, 'int32'));
    await near(padded, whole);
    expect((await model.predict(tensor(Array(5).fill([1, 2]), undefined, 'int32'))).shape).toEqual([5, 4]);
  });
});

describe('layers.timeDistributed', () => {
  it('computes all steps at once where their number is not known', async () => {
    const layer = layers.timeDistributed({ layer: layers.conv1d({ filters: 2, kernelSize: 2 }) });
    const x = layers.input({ shape: [-1, 4, 3] });
    const model = new Model({ inputs: x, outputs: layer.apply(x) });
    for (const [n, steps] of [
      [1, 2],
      [5, 3],
    ] as const) {
      const given = random([n, steps, 4, 3], 1);
      const flat = await compile((all: Sym) => layer.layer.apply(all))(ops.reshape(given, [n * steps, 4, 3]));
      await near(await model.predict(given), ops.reshape(flat, [n, steps, 3, 2]));
    }
  });

  it('goes step by step where a step has unknown sizes', async () => {
    const layer = layers.timeDistributed({ layer: layers.globalAveragePooling1d() });
    const x = layers.input({ shape: [-1, -1, 2] });
    const model = new Model({ inputs: x, outputs: layer.apply(x) });
    const given = random([2, 3, 4, 2], 1);
    await near(await model.predict(given), ops.mean(given, { axis: 2 }));
  });

  it('hands the mask of a step on, and passes that of the sequence', async () => {
    const ids = layers.input({ shape: [2, 3], dtype: 'int32' });
    const words = layers.embedding({ inputDim: 5, outputDim: 3, maskZero: true }).apply(ids);
    const inner = layers.gru({ units: 2 });
    const model = new Model({ inputs: ids, outputs: layers.timeDistributed({ layer: inner }).apply(words) });
    const of = async (rows: number[][]) => model.predict(tensor([rows], undefined, 'int32'));
    const [a, b] = [
      await of([
        [1, 2, 0],
        [3, 0, 0],
      ]),
      await of([
        [1, 0, 2],
        [0, 3, 0],
      ]),
    ];
    await near(a, b);
    const passed = compile((x: Sym) => {
      const y = layers
        .timeDistributed({ layer: layers.dense({ units: 1 }) })
        .apply(layers.masking().apply(x));
      return ops.cast(y.mask!, 'float32');
    });
    expect(await (await passed([[[1], [0], [2]]])).array()).toEqual([[1, 0, 1]]);
  });

  it('refuses inputs of lower rank and what is no layer', () => {
    const layer = layers.timeDistributed({ layer: layers.dense({ units: 1 }) });
    expect(() => layer.apply(layers.input({ shape: [3] }))).toThrow(
      'expected one input of rank 3 or more, [n, steps, …], received [?, 3]',
    );
    expect(() => layers.timeDistributed({ layer: 'dense' as never })).toThrow(
      "[timeDistributed] expected a layer or its configuration, received 'dense'",
    );
  });
});

it.each([
  ['bidirectional', () => layers.bidirectional({ layer: layers.lstm({ units: 16, returnSequences: true }) })],
  [
    'stacked',
    () => layers.rnn({ cell: layers.stackedRNNCells({ cells: [layers.lstmCell({ units: 16 })] }) }),
  ],
  ['own cell', () => layers.rnn({ cell: new Distance(), returnSequences: true })],
  ['timeDistributed', () => layers.timeDistributed({ layer: layers.dense({ units: 16 }) })],
])('%s in mixedBfloat16 is near float32', async (_, make) => {
  const [whole, mixed] = atLeast(
    (['float32', 'mixedBfloat16'] as const).map((dtypePolicy) => {
      const model = new Sequential([layers.input({ shape: [6, 3] }), make()], { dtypePolicy });
      model.compile({ optimizer: 'sgd', loss: 'mse' });
      return model;
    }),
    2,
  );
  mixed.setWeights(await whole.getWeights());
  const x = random([5, 6, 3], 1);
  // bfloat16 has 8 bits: sums of up to 16 products of numbers below 1, through 6 steps of which each shrinks the error.
  await near(await mixed.predict(x), await whole.predict(x), 16 * 2 ** -8);
  const { loss } = await mixed.trainOnBatch(x, ops.multiply(await whole.predict(x), 0));
  expect(loss).toBeGreaterThan(0);
});
