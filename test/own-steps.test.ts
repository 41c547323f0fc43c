import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import {
  Model,
  NDArray,
  type Logs,
  type ComputeLossOptions,
  type StepData,
  Sequential,
  type Sym,
  callbacks,
  compile,
  grad,
  initializers,
  layers,
  losses,
  metrics,
  ops,
  optimizers,
  variable,
} from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { blobs } from './support/blobs.js';
import { rejectionOf } from './support/run.js';
import { apart, numbers, weightsOf } from './support/steps.js';

const quiet = { verbose: 0 } as const;
type Pair = readonly [Sym, Sym];

const dense = (units: number, inputs: number, phase: number, activation?: 'tanh' | 'sigmoid') =>
  new Sequential([
    layers.input({ shape: [inputs] }),
    layers.dense({
      units: 6,
      activation: 'tanh',
      kernelInitializer: initializers.orthogonal({ seed: phase }),
    }),
    layers.dense({
      units,
      ...(activation && { activation }),
      kernelInitializer: initializers.orthogonal({ seed: phase + 1 }),
    }),
  ]);

describe('a step of training of one’s own', () => {
  const { x, y } = blobs(120);

  /** The step that Model has, written as a user would. */
  class Same extends Model {
    override trainStep([x, y, sampleWeight]: StepData) {
      const yPred = this.apply(x as Sym, { training: true });
      const loss = this.computeLoss({ x, y, yPred, sampleWeight });
      this.optimizer.minimize(loss, this.trainableWeights);
      return { loss, ...this.computeMetrics({ x, y, yPred, sampleWeight }) };
    }
  }

  const net = () => {
    const input = layers.input({ shape: [2] });
    const hidden = layers
      .dense({
        units: 8,
        activation: 'relu',
        kernelRegularizer: 'l2',
        kernelInitializer: initializers.orthogonal({ seed: 1 }),
      })
      .apply(input);
    const dropped = layers.batchNormalization().apply(layers.dropout({ rate: 0.3 }).apply(hidden));
    const outputs = layers
      .dense({ units: 3, activation: 'softmax', kernelInitializer: initializers.orthogonal({ seed: 2 }) })
      .apply(dropped);
    return { inputs: input, outputs };
  };

  const optimizersOf = {
    plain: () => optimizers.adam({ learningRate: 0.05 }),
    accumulated: () => optimizers.adam({ learningRate: 0.05, gradientAccumulationSteps: 3 }),
    averaged: () => optimizers.sgd({ learningRate: 0.05, useEma: true, emaMomentum: 0.9 }),
    scaled: () => optimizers.lossScaleOptimizer({ innerOptimizer: optimizers.adam({ learningRate: 0.05 }) }),
  };

  it.each(Object.entries(optimizersOf))(
    'changes weights as the step of Model, optimizer %s',
    async (_, optimizer) => {
      const weights = Float32Array.from({ length: 120 }, (_, i) => (i % 3) + 0.5);
      const results = await Promise.all(
        [new Model(net()), new Same(net())].map(async (model) => {
          model.compile({
            optimizer: optimizer(),
            loss: 'sparseCategoricalCrossentropy',
            weightedMetrics: ['accuracy'],
          });
          const options = { ...quiet, epochs: 3, seed: 1, batchSize: 16, sampleWeight: weights };
          const { history } = await model.fit(x, y, options);
          return { history, weights: await weightsOf(model), measured: await model.evaluate(x, y, quiet) };
        }),
      );
      const [plain, own] = atLeast(results, 2);
      expect(own.weights).toEqual(plain.weights);
      expect(own.measured).toEqual(plain.measured);
      // Its loss is the mean over the epoch, too: computeMetrics gives it after the loss of the batch, under the same name. It is never
      // counted, which trainStep of Model does: 0.
      expect(own.history['accuracy']).toHaveLength(3);
      own.history['accuracy']!.forEach((value, i) => {
        // One is read with the rest of the sum, the other rounded to float32.
        expect(Math.abs(value - itemAt(plain.history['accuracy']!, i))).toBeLessThan(2 ** -24);
      });
    },
  );

  it('gets the weights of classes as those of samples, as in Keras', async () => {
    const classWeight = { 0: 0.5, 2: 4 };
    class Watched extends Same {
      override trainStep(data: StepData) {
        const [, , sampleWeight] = data;
        if (!sampleWeight) throw new Error('expected weights of samples');
        return { ...super.trainStep(data), weight: ops.sum(sampleWeight as Sym) };
      }
    }
    const results = await Promise.all(
      [new Model(net()), new Watched(net())].map(async (model) => {
        model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
        const seen: number[] = [];
        const watch = callbacks.lambdaCallback({ onTrainBatchEnd: (_, logs) => seen.push(logs['weight']!) });
        await model.fit(x, y, {
          ...quiet,
          epochs: 2,
          seed: 1,
          batchSize: 120,
          classWeight,
          callbacks: watch,
        });
        return { weights: await weightsOf(model), seen };
      }),
    );
    const [plain, own] = atLeast(results, 2);
    expect(own.weights).toEqual(plain.weights);
    const total = Array.from(y.data, (label) => [0.5, 1, 4][label]!).reduce((sum, weight) => sum + weight, 0);
    expect(own.seen).toEqual([total, total]);
  });

  it('tells the logs what its last step has given', async () => {
    class Counting extends Model {
      readonly calls = metrics.sum({ name: 'calls' });
      readonly both = metrics.mean({ name: 'both' });
      override trainStep([x, y]: Pair) {
        const loss = this.computeLoss({ x, y, yPred: this.apply(x, { training: true }) });
        this.optimizer.minimize(loss, this.trainableWeights);
        void this.calls.updateState(2);
        const first = ops.reshape(ops.slice(x, [0, 0], [1, 1]), []);
        void this.both.updateState(first);
        return {
          first,
          calls: this.calls.result(),
          both: this.both.result(),
          list: ops.stack([first, first]),
          two: 2,
        };
      }
    }
    const input = layers.input({ shape: [2] });
    const model = new Counting({ inputs: input, outputs: layers.dense({ units: 1 }).apply(input) });
    model.compile({ loss: 'mse' });
    const seen: Logs[] = [];
    const watch = callbacks.lambdaCallback({ onTrainBatchEnd: (_, logs) => void seen.push(logs) });
    const data = new NDArray(Float32Array.of(1, 0, 2, 0, 3, 0), [3, 2]);
    const options = { ...quiet, batchSize: 1, epochs: 2, shuffle: false };
    const { history } = await model.fit(data, [1, 2, 3], { ...options, callbacks: watch });
    const expected = (first: number, calls: number, both: number) => ({
      first,
      calls,
      both,
      list_0: first,
      list_1: first,
      two: 2,
    });
    const epoch = [expected(1, 2, 1), expected(2, 4, 1.5), expected(3, 6, 2)];
    expect(seen).toEqual([...epoch, ...epoch]);
    expect(history).toEqual({
      first: [3, 3],
      calls: [6, 6],
      both: [2, 2],
      list_0: [3, 3],
      list_1: [3, 3],
      two: [2, 2],
    });
    const quietly = await model.fit(data, [1, 2, 3], options);
    expect(quietly.history).toEqual(history);
    expect(await model.trainOnBatch(data, [1, 2, 3])).toEqual(expected(1, 2, 1));
  });

  it('is refused where it gives no record', async () => {
    const wrong: [string, unknown][] = [
      ['a promise', Promise.resolve({})],
      ['nothing', undefined],
      ['a text', { loss: 'low' }],
    ];
    for (const [name, given] of wrong) {
      class Wrong extends Model {
        override trainStep() {
          return given as never;
        }
      }
      const model = new Wrong(net());
      model.compile({ loss: 'sparseCategoricalCrossentropy' });
      expect(await rejectionOf(model.fit(x, y, quiet)), name).toMatchObject({ name: 'EngineError' });
    }
  });
});

describe('models of several nets', () => {
  /** A generative adversarial net (Goodfellow et al. 2014) with a gradient penalty (Gulrajani et al. 2017). */
  class Gan extends Model {
    override readonly className = 'Gan';
    readonly discriminatorLoss = metrics.mean({ name: 'dLoss' });
    readonly generatorLoss = metrics.mean({ name: 'gLoss' });
    constructor(
      readonly generator: Sequential,
      readonly discriminator: Sequential,
      readonly dOptimizer = optimizers.adam({ learningRate: 0.02, beta1: 0.5 }),
      readonly gOptimizer = optimizers.adam({ learningRate: 0.01, beta1: 0.5 }),
    ) {
      super();
    }

    override get metrics() {
      return [this.discriminatorLoss, this.generatorLoss];
    }

    override trainStep([[real, noise]]: readonly [readonly [Sym, Sym]]) {
      for (let i = 0; i < 2; i++) {
        const loss = discriminatorLoss(this.discriminator, real, this.generator.apply(noise));
        this.dOptimizer.minimize(loss, this.discriminator.trainableWeights);
        void this.discriminatorLoss.updateState(loss);
      }
      const loss = generatorLoss(this.discriminator, this.generator.apply(noise, { training: true }));
      this.gOptimizer.minimize(loss, this.generator.trainableWeights);
      void this.generatorLoss.updateState(loss);
      return this.getMetricsResult();
    }
  }

  const discriminatorLoss = (discriminator: Sequential, real: Sym, fake: Sym) => {
    const on = (x: Sym) => discriminator.apply(x, { training: true });
    const between = ops.add(ops.multiply(real, 0.25), ops.multiply(fake, 0.75));
    const [slope] = atLeast(grad(on(between), [between]), 1);
    const length = ops.sqrt(ops.add(ops.sum(ops.square(slope), { axis: -1 }), 1e-12));
    const penalty = ops.mean(ops.square(ops.subtract(length, 1)));
    return ops.add(ops.subtract(ops.mean(on(fake)), ops.mean(on(real))), ops.multiply(penalty, 10));
  };
  const generatorLoss = (discriminator: Sequential, fake: Sym) =>
    ops.negative(ops.mean(discriminator.apply(fake)));

  const real = new NDArray(numbers(48), [24, 2]);
  const noise = new NDArray(numbers(72, 1), [24, 3]);
  const nets = () => [dense(2, 3, 5), dense(1, 2, 7)] as const;

  /** The same steps, each net's a function of its own. */
  async function byHand(epochs: number) {
    const [generator, discriminator] = nets();
    const forD = optimizers.adam({ learningRate: 0.02, beta1: 0.5 });
    const forG = optimizers.adam({ learningRate: 0.01, beta1: 0.5 });
    const trainD = compile((x: Sym, z: Sym) => {
      const loss = discriminatorLoss(discriminator, x, generator.apply(z));
      return { loss, ...forD.minimize(loss, discriminator.trainableWeights) };
    });
    const trainG = compile((z: Sym) => {
      const loss = generatorLoss(discriminator, generator.apply(z, { training: true }));
      return { loss, ...forG.minimize(loss, generator.trainableWeights) };
    });
    const dLoss: number[] = [];
    const gLoss: number[] = [];
    const rows = ({ data }: NDArray, i: number, width: number) =>
      new NDArray((data as Float32Array).slice(i * 8 * width, (i + 1) * 8 * width), [8, width]);
    for (let epoch = 0; epoch < epochs; epoch++) {
      let [sumD, sumG] = [0, 0];
      for (let i = 0; i < 3; i++) {
        for (let k = 0; k < 2; k++)
          sumD += await (await trainD(rows(real, i, 2), rows(noise, i, 3))).loss.item();
        sumG += await (await trainG(rows(noise, i, 3))).loss.item();
      }
      dLoss.push(sumD / 6);
      gLoss.push(sumG / 3);
    }
    return { generator, discriminator, history: { dLoss, gLoss } };
  }

  it('a GAN with gradient penalty trains through fit as step by step', async () => {
    const hand = await byHand(4);
    const gan = new Gan(...nets());
    gan.compile();
    const { history } = await gan.fit([real, noise], undefined, {
      ...quiet,
      epochs: 4,
      batchSize: 8,
      shuffle: false,
    });
    // 36 steps of Adam, whose rounding differs in a step of three and three steps: some units in the last place of numbers about 1.
    expect(apart(await weightsOf(gan.generator), await weightsOf(hand.generator))).toBeLessThan(1e-4);
    expect(apart(await weightsOf(gan.discriminator), await weightsOf(hand.discriminator))).toBeLessThan(1e-4);
    expect(Object.keys(history)).toEqual(['dLoss', 'gLoss']);
    expect(apart(Object.values(history), Object.values(hand.history))).toBeLessThan(1e-4);
    expect(gan.weights).toHaveLength(8);
    expect(gan.metricsNames).toEqual(['dLoss', 'gLoss']);
  });

  it('takes records, iterables and weights as they are given', async () => {
    class Named extends Model {
      readonly scale = variable(1);
      override trainStep([x, y, w]: readonly [Record<'a' | 'b', Sym>, Record<'c', Sym>, Sym]) {
        const sum = (v: Sym) => ops.sum(v);
        this.scale.assign(ops.multiply(this.scale, 2));
        return { a: sum(x.a), b: sum(x.b), c: sum(y.c), w: sum(w), scale: this.scale.value() };
      }
    }
    const model = new Named();
    model.compile();
    const x = { a: [[1], [2]], b: [3, 4] };
    const y = { c: [[[5]], [[6]]] };
    const expected = { a: [3], b: [7], c: [11], w: [3], scale: [2] };
    const arrays = await model.fit(x, y, { ...quiet, sampleWeight: [1, 2] });
    expect(arrays.history).toEqual(expected);
    const batches = await model.fit([[x, y, [1, 2]]][Symbol.iterator](), quiet);
    expect(batches.history).toEqual({ ...expected, scale: [4] });
    const two = await model.fit(
      { [Symbol.iterator]: () => [[x, y, [1, 2]]][Symbol.iterator]() },
      { ...quiet, epochs: 2 },
    );
    expect(two.history['scale']).toEqual([8, 16]);
  });

  it('a student learns from a teacher, which stays', async () => {
    const { x, y } = blobs(60);
    class Distiller extends Model {
      constructor(
        readonly student: Sequential,
        readonly teacher: Sequential,
      ) {
        super();
        teacher.trainable = false;
      }
      override call(x: Sym, context: Parameters<layers.Layer['call']>[1]) {
        return this.student.apply(x, context);
      }
      override computeLoss({ x, y, yPred, sampleWeight }: ComputeLossOptions) {
        const soft = ops.softmax(ops.divide(this.teacher.apply(x as Sym), 2));
        const own = ops.softmax(ops.divide(yPred as Sym, 2));
        const distance = ops.mean(losses.klDivergence().call(soft, own));
        return ops.add(super.computeLoss({ y, yPred, sampleWeight }), ops.multiply(distance, 4));
      }
    }
    const model = new Distiller(dense(3, 2, 1), dense(3, 2, 20));
    const before = await weightsOf(model.teacher);
    model.compile({
      optimizer: optimizers.adam({ learningRate: 0.05 }),
      loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }),
      metrics: ['accuracy'],
    });
    const { history } = await model.fit(x, y, { ...quiet, epochs: 20, seed: 3 });
    expect(history['loss']!.at(-1)).toBeLessThan(firstOf(history['loss']!) / 2);
    expect(await weightsOf(model.teacher)).toEqual(before);
    expect(Object.keys(await model.evaluate(x, y, quiet))).toEqual(['loss', 'accuracy']);
  });

  it('a variational autoencoder needs no targets', async () => {
    class Sampling extends layers.Layer {
      readonly className = 'Sampling';
      call(inputs: readonly Sym[]) {
        const [mean, logVar] = atLeast(inputs, 2);

        const kl = ops.sum(ops.subtract(ops.add(ops.square(mean), ops.exp(logVar)), ops.add(logVar, 1)), {
          axis: -1,
        });
        this.addLoss(ops.multiply(ops.mean(kl), 0.005));
        return ops.add(mean, ops.multiply(ops.exp(ops.multiply(logVar, 0.5)), 0.1));
      }
    }
    const input = layers.input({ shape: [4] });
    const hidden = layers.dense({ units: 8, activation: 'tanh' }).apply(input);
    const code = new Sampling().apply([
      layers.dense({ units: 2 }).apply(hidden),
      layers.dense({ units: 2 }).apply(hidden),
    ]);
    const outputs = layers
      .dense({ units: 4 })
      .apply(layers.dense({ units: 8, activation: 'tanh' }).apply(code));
    class Vae extends Model {
      override computeLoss({ x, yPred }: ComputeLossOptions) {
        return ops.add(ops.mean(ops.square(ops.subtract(x as Sym, yPred as Sym))), super.computeLoss());
      }
    }
    const model = new Vae({ inputs: input, outputs });
    model.compile({ optimizer: optimizers.adam({ learningRate: 0.02 }) });
    const data = new NDArray(numbers(256), [64, 4]);
    const { history } = await model.fit(data, undefined, { ...quiet, epochs: 30, seed: 1 });
    expect(history['loss']!.at(-1)).toBeLessThan(firstOf(history['loss']!) * 0.7);
    const { loss } = await model.evaluate(data, undefined, quiet);
    expect(Math.abs(loss! - history['loss']!.at(-1)!)).toBeLessThan(0.1);
    // The same with what layers add alone.
    const plain = new Model({ inputs: input, outputs });
    plain.compile();
    expect((await plain.evaluate(data, undefined, quiet))['loss']).toBeGreaterThan(0);
  });
});

it('refuses data that is no list, and specs of what are no outputs of layers', () => {
  const model = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
  model.compile({ loss: 'meanSquaredError' });
  for (const step of ['trainStep', 'testStep', 'predictStep'] as const)
    for (const data of [undefined, {}, [], 3])
      expect(() => model[step](data as never)).toThrow(
        `[${model.name}.${step}] expected a list of x, targets and sample weights`,
      );
  for (const x of [undefined, 3, [null], new Array(2)])
    expect(() => model.computeOutputSpec(x as never)).toThrow(
      'expected the output of another layer, or a list of such',
    );
});
