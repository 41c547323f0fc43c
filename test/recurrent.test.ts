import { atLeast, firstOf, itemAt, mapTuple } from '../lib/base/list.js';
import {
  type Sym,
  type Tensor,
  Model,
  Sequential,
  compile,
  grad,
  layers,
  ones,
  ops,
  setSeed,
  tensor,
  variable,
} from 'nodegrad';
import { describe, expect, it } from 'vitest';

/** The recurrent layers, and what each calls its states. */
const KINDS = [
  { kind: 'lstm' as const, gates: 4, states: 2, bias: [20] },
  { kind: 'gru' as const, gates: 3, states: 1, bias: [2, 15] },
  { kind: 'simpleRNN' as const, gates: 1, states: 1, bias: [5] },
];
const UNITS = 5;
const [N, STEPS, FEATURES] = [3, 4, 2];

const random = (shape: number[], seed: number) => ops.randomUniform(shape, { seed, minval: -1, maxval: 1 });

/** Sums of at most STEPS · 4 UNITS products, of which each rounds once. */
const expectSame = async (a: Tensor, b: Tensor) => {
  expect([...a.shape]).toEqual([...b.shape]);
  const [x, y] = [await a.data(), await b.data()];
  x.forEach((value, i) => {
    expect(Math.abs(value - y[i]!)).toBeLessThan(STEPS * 4 * UNITS * 2 ** -24 * Math.max(1, Math.abs(value)));
  });
};

describe.each(KINDS)('layers.$kind', ({ kind, gates, states, bias }) => {
  const make = layers[kind];

  it('has the weights of Keras', () => {
    const layer = make({ units: UNITS });
    layer.computeOutputShape([-1, STEPS, FEATURES]);
    expect(layer.weights.map((weight) => [weight.name.split('/')[1], [...weight.shape]])).toEqual([
      ['kernel', [FEATURES, gates * UNITS]],
      ['recurrentKernel', [UNITS, gates * UNITS]],
      ['bias', bias],
    ]);
    const bare = make({ units: UNITS, useBias: false });
    bare.computeOutputShape([-1, STEPS, FEATURES]);
    expect(bare.weights).toHaveLength(2);
  });

  it.each([
    [{}, [[-1, UNITS]]],
    [{ returnSequences: true }, [[-1, STEPS, UNITS]]],
    [{ returnState: true }, Array(1 + states).fill([-1, UNITS])],
    [{ returnSequences: true, returnState: true }, [[-1, STEPS, UNITS], ...Array(states).fill([-1, UNITS])]],
  ])('gives the outputs of %j', (options, shapes) => {
    const x = layers.input({ shape: [STEPS, FEATURES] });
    const outputs = make({ units: UNITS, ...options }).applyAll(x);
    expect(outputs.map((output) => [...output.shape])).toEqual(shapes);
  });

  it.each([
    {},
    { returnSequences: true },
    { goBackwards: true },
    { useBias: false },
    { recurrentDropout: 0.4, returnSequences: true },
    { recurrentDropout: 0.4, dropout: 0.3, goBackwards: true },
  ])('computes the same in plain ops, with its gradients: %j', async (options) => {
    const fused = make({ units: UNITS, returnState: true, ...options });
    // A function of its own, though it is the same: this the fused op does not know.
    const plain = make({
      units: UNITS,
      returnState: true,
      activation: (x: Sym) => ops.tanh(x),
      ...options,
    });
    const x = random([N, STEPS, FEATURES], 1);
    const first = Array.from({ length: states }, (_, i) => random([N, UNITS], 2 + i));
    for (const layer of [fused, plain]) layer.computeOutputShape([-1, STEPS, FEATURES]);
    fused.setWeights(fused.weights.map((weight, i) => random([...weight.shape], 10 + i)));
    plain.setWeights(await fused.getWeights());
    for (const given of [[x], [x, ...first]]) {
      const results = await Promise.all(
        [fused, plain].map(async (layer) => {
          const step = compile((key: Sym, ...xs: Sym[]) => {
            const outputs = layer.run(xs, { training: true, key });
            const loss = outputs.reduce<Sym>(
              (sum, y, i) => ops.add(sum, ops.sum(ops.multiply(ops.square(y), i + 1))),
              ops.sum(ops.multiply(firstOf(outputs), 0)),
            );
            return [...outputs, ...grad(loss, [...xs, ...layer.weights])];
          });
          return step(tensor([1, 0], [2], 'int32'), ...given);
        }),
      );
      for (const [i, result] of firstOf(results).entries())
        await expectSame(result, itemAt(itemAt(results, 1), i));
    }
  });

  it('takes another number of samples and steps each time', async () => {
    const x = layers.input({ shape: [-1, FEATURES] });
    const model = new Model({ inputs: x, outputs: make({ units: UNITS, returnSequences: true }).apply(x) });
    for (const [n, steps] of [
      [2, 3],
      [17, 1],
      [1, 6],
    ] as const) {
      const y = await model.predict(random([n, steps, FEATURES], 1));
      expect([...y.shape]).toEqual([n, steps, UNITS]);
    }
  });

  it('goes backwards as forwards over the turned sequence', async () => {
    const x = random([N, STEPS, FEATURES], 1);
    const turned = ops.gather(x, [3, 2, 1, 0], { axis: 1 });
    const forwards = make({ units: UNITS, returnSequences: true });
    const backwards = make({ units: UNITS, returnSequences: true, goBackwards: true });
    for (const layer of [forwards, backwards]) layer.computeOutputShape([-1, STEPS, FEATURES]);
    backwards.setWeights(await forwards.getWeights());
    const of = (layer: layers.Layer) => compile((s: Sym) => layer.apply(s, { training: false }));
    await expectSame(await of(backwards)(x), await of(forwards)(turned));
  });

  it('drops the same features and states at every step, while training alone', async () => {
    const layer = make({ units: 64, dropout: 0.5, recurrentDropout: 0.5, returnSequences: true });
    layer.computeOutputShape([-1, STEPS, FEATURES]);
    const x = random([N, STEPS, FEATURES], 1);
    const run = (training: boolean, seed: number) =>
      compile((s: Sym, key: Sym) => layer.apply(s, { training, key }))(x, tensor([seed, 0], [2], 'int32'));
    const [calm, again] = [await (await run(false, 1)).data(), await (await run(false, 2)).data()];
    expect(again).toEqual(calm);
    const [one, same, other] = [
      await (await run(true, 1)).data(),
      await (await run(true, 1)).data(),
      await (await run(true, 2)).data(),
    ];
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
    expect(one).not.toEqual(calm);
  });

  // What the gates see is their number or, where it is dropped, 0: each mix of them gives another output, but that a candidate
  // of 0 hides the gate that it is multiplied with.
  const valuesOf = async (options: object, first: Tensor[], given: number[]) => {
    const [input, state] = atLeast(given, 2);
    const units = 512;
    const places = tensor([...Array(units).keys()], [units], 'int32');
    const eye = ops.oneHot(places, { depth: units });
    const scaled = ops.concatenate(
      Array.from({ length: gates }, (_, gate) => ops.multiply(eye, gate + 1)),
      { axis: 1 },
    );
    const layer = make({ units, useBias: false, ...options });
    layer.computeOutputShape([-1, 1, units]);
    layer.setWeights([ops.multiply(scaled, input), ops.multiply(scaled, state)]);
    const run = compile((key: Sym, ...xs: Sym[]) => layer.apply(xs, { training: true, key }));
    const y = await run(tensor([1, 0], [2], 'int32'), ones([1, 1, units]), ...first).then((h) => h.data());
    return new Set([...y].map((value) => value.toFixed(4))).size;
  };

  it('drops other numbers of the state for each gate, as Keras', async () => {
    const first = Array.from({ length: states }, () => ones([1, 512]));
    const count = { lstm: 12, gru: 6, simpleRNN: 2 }[kind];
    expect(await valuesOf({ recurrentDropout: 0.5 }, first, [0, 0.5])).toBe(count);
  });

  it('drops other features for each gate with recurrentDropout, else the same ones, as Keras', async () => {
    expect(await valuesOf({ dropout: 0.5 }, [], [0.5, 0])).toBe(2);
    const count = { lstm: 5, gru: 3, simpleRNN: 2 }[kind];
    expect(await valuesOf({ dropout: 0.5, recurrentDropout: 0.5 }, [], [0.5, 0])).toBe(count);
  });

  it('drops states of sequences whose length is not known before', async () => {
    const model = new Sequential([
      layers.input({ shape: [-1, FEATURES] }),
      make({ units: UNITS, recurrentDropout: 0.5 }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const before = await firstOf(firstOf(model.layers).weights).data();
    for (const steps of [4, 2])
      await model.trainOnBatch(random([N, steps, FEATURES], 1), random([N, UNITS], 2));
    expect(await firstOf(firstOf(model.layers).weights).data()).not.toEqual(before);
  });

  it('loops over sequences of any length with an activation of its own', async () => {
    const options = { units: UNITS, returnSequences: true, goBackwards: true };
    const fused = make(options);
    const own = make({ ...options, activation: (x: Sym) => ops.tanh(x) });
    for (const layer of [fused, own]) layer.computeOutputShape([-1, -1, FEATURES]);
    own.setWeights(await fused.getWeights());
    const [a, b] = mapTuple([fused, own], (layer) => {
      const x = layers.input({ shape: [-1, FEATURES] });
      return new Model({ inputs: x, outputs: layer.apply(x) });
    });
    for (const [n, steps] of [
      [3, 4],
      [1, 7],
      [3, 1],
    ] as const) {
      const x = random([n, steps, FEATURES], 1);
      await expectSame(await a.predict(x), await b.predict(x));
    }
  });

  it('differentiates by what an activation of its own reads', async () => {
    // Of weights whose gradient is not small.
    setSeed(1);
    const slope = variable([1], { name: 'slope' });
    const layer = make({ units: UNITS, activation: (x: Sym) => ops.tanh(ops.multiply(x, slope)) });
    layer.computeOutputShape([-1, STEPS, FEATURES]);
    const step = compile((x: Sym) => {
      const loss = ops.sum(layer.apply(x));
      return [loss, ...grad(loss, [slope])];
    });
    const at = async (value: number) => {
      slope.assign([value]);
      const [loss, gradient] = atLeast(
        await Promise.all((await step(random([N, STEPS, FEATURES], 1))).map((y) => y.data())),
        2,
      );
      return { loss: loss[0], gradient: gradient[0] };
    };
    const [{ gradient }, up, down] = [await at(1), await at(1 + 2 ** -6), await at(1 - 2 ** -6)];
    // Central differences: the third derivative of N UNITS numbers of at most 1, times 2^-12 / 6, and the rounding of two sums of them.
    const bound = N * UNITS * (2 ** -12 + 2 ** -23 * 2 ** 6);
    expect(Math.abs((up.loss! - down.loss!) * 2 ** 5 - gradient!)).toBeLessThan(bound);
    expect(Math.abs(gradient!)).toBeGreaterThan(bound);
  });

  it('has random ops of an activation draw other numbers in each step', async () => {
    const layer = make({
      units: 64,
      returnSequences: true,
      activation: (x: Sym) => ops.add(ops.multiply(x, 0), ops.randomUniform(x)),
    });
    layer.computeOutputShape([-1, 2, FEATURES]);
    const run = compile((x: Sym) => layer.apply(x));
    const x = ops.reshape(tensor(new Float32Array(2 * FEATURES)), [1, 2, FEATURES]);
    const [one, two] = [await (await run(x)).data(), await (await run(x)).data()];
    expect(one.slice(0, 64)).not.toEqual(one.slice(64));
    expect(two).not.toEqual(one);
  });

  it('is made anew from its configuration', async () => {
    const model = new Sequential([
      layers.input({ shape: [STEPS, FEATURES] }),
      make({ units: UNITS, returnSequences: true, goBackwards: true }),
      make({ units: 2, useBias: false }),
    ]);
    const copy = Sequential.fromConfig(model.getConfig());
    copy.setWeights(await model.getWeights());
    const x = random([N, STEPS, FEATURES], 1);
    expect(await (await copy.predict(x)).data()).toEqual(await (await model.predict(x)).data());
  });

  it('refuses what it cannot take', () => {
    const x = layers.input({ shape: [STEPS, FEATURES] });
    expect(() => make({ units: 0 })).toThrow('expected a positive integer for units, received 0');
    expect(() => make({ units: 1, dropout: 1.1 })).toThrow('expected dropout from 0 to 1, received 1.1');
    expect(() => make({ units: 1 }).apply(layers.input({ shape: [4] }))).toThrow(
      'expected a sequence [n, steps, features] with a known number of features, received [?, 4]',
    );
    expect(() => make({ units: 1 }).apply(Array.from({ length: states + 2 }, () => x))).toThrow(
      `expected a sequence, or a list of it and ${states} first states, received ${states + 1} of them`,
    );
    const transposed = make({ units: 2, activation: (h: Sym) => ops.sum(h, { axis: -1, keepDims: true }) });
    // What a gate multiplies broadcasts; a state does not.
    if (kind === 'simpleRNN')
      expect(() => transposed.apply(x)).toThrow(
        'expected a state that stays float32 [?, 2], received float32 [?, 1]',
      );
  });

  it('learns which number of a sequence came first', async () => {
    const count = 256;
    const x = random([count, 6, 1], 5);
    const y = ops.slice(ops.reshape(x, [count, 6]), [0, 0], [count, 1]);
    const model = new Sequential(
      [layers.input({ shape: [6, 1] }), make({ units: 16 }), layers.dense({ units: 1 })],
      { seed: 1 },
    );
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const { history } = await model.fit(x, y, { epochs: 60, batchSize: 32, verbose: 0, seed: 1 });
    // Numbers in [-1, 1) have the variance 1 / 3: what a constant guess would lose.
    expect(history.loss!.at(-1)).toBeLessThan(1 / 30);
  });
});

describe.each(KINDS)('ops.$kind', ({ kind, gates }) => {
  const op = ({ lstm: ops.lstm, gru: ops.gru, simpleRNN: ops.simpleRnn } as const)[kind];

  it('refuses a mask of another shape', () => {
    const run = (recurrentMask: Tensor) =>
      op(random([2, 3, 4], 1), random([4, gates], 2), random([1, gates], 3), undefined, { recurrentMask });
    expect(() => run(random([2, gates + 1], 4))).toThrow(
      `expected the mask of the states of shape [2, ${gates}], received [2, ${gates + 1}]`,
    );
  });
});

describe('layers.simpleRNN', () => {
  it('goes back through the mask that an activation of its own has drawn', async () => {
    const layer = layers.simpleRNN({
      units: 64,
      useBias: false,
      returnSequences: true,
      activation: (x: Sym) => ops.dropout(x, { rate: 0.5 }),
      recurrentInitializer: 'zeros',
    });
    layer.computeOutputShape([-1, 3, 64]);
    layer.setWeights([
      ops.oneHot([...Array(64).keys()], { depth: 64 }),
      await itemAt(layer.weights, 1).data(),
    ]);
    const step = compile((x: Sym) => {
      const y = layer.apply(x);
      return [y, ...grad(y, [x])];
    });
    // The mask times 1, and the mask.
    const [y, dx] = atLeast(await step(ones([2, 3, 64])), 2);
    expect(await dx.data()).toEqual(await y.data());
    expect(new Set(await y.data())).toEqual(new Set([0, 2]));
  });
});

describe('layers.gru', () => {
  it('has one bias without resetAfter, and computes the same in plain ops', async () => {
    const options = { units: UNITS, resetAfter: false, returnSequences: true };
    const fused = layers.gru(options);
    const plain = layers.gru({ ...options, activation: (x: Sym) => ops.tanh(x) });
    for (const layer of [fused, plain]) layer.computeOutputShape([-1, STEPS, FEATURES]);
    expect([...itemAt(fused.weights, 2).shape]).toEqual([3 * UNITS]);
    fused.setWeights(fused.weights.map((weight, i) => random([...weight.shape], 10 + i)));
    plain.setWeights(await fused.getWeights());
    const x = random([N, STEPS, FEATURES], 1);
    const of = (layer: layers.Layer) => compile((s: Sym) => layer.apply(s, { training: false }));
    await expectSame(await of(fused)(x), await of(plain)(x));
  });
});

describe('layers.lstm', () => {
  it('starts with 1 as bias of the forget gate alone', async () => {
    for (const [unitForgetBias, forget] of [
      [undefined, 1],
      [false, 0],
    ] as const) {
      const layer = layers.lstm({ units: 2, unitForgetBias });
      layer.computeOutputShape([-1, 3, 2]);
      expect([...(await itemAt(layer.weights, 2).data())]).toEqual([0, 0, forget, forget, 0, 0, 0, 0]);
    }
  });

  it('starts with an orthogonal recurrent kernel', async () => {
    const layer = layers.lstm({ units: 3 });
    layer.computeOutputShape([-1, 3, 2]);
    const kernel = itemAt(layer.weights, 1);
    const gram = await ops.matmul(kernel, kernel, { transposeB: true }).data();
    gram.forEach((value, i) => {
      expect(value).toBeCloseTo(i % 4 === 0 ? 1 : 0, 5);
    });
  });
});
