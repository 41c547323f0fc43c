import { atLeast, firstOf, itemAt, mapTuple, sizeOf } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import {
  Model,
  NDArray,
  type Sym,
  type Tensor,
  type Variable,
  compile,
  constraints,
  initializers,
  layers,
  losses,
  metrics,
  ops,
  optimizers,
  regularizers,
  saving,
} from '../lib/index.js';
import { constraintOf } from '../lib/constraints/registry.js';
import { initializerOf } from '../lib/initializers/registry.js';
import { layerFromConfig } from '../lib/layers/registry.js';
import { lossOf } from '../lib/losses/registry.js';
import { metricOf } from '../lib/metrics/registry.js';
import { optimizerOf } from '../lib/optimizers/registry.js';
import { scheduleOf } from '../lib/optimizers/schedules/registry.js';
import { regularizerOf } from '../lib/regularizers/registry.js';
import {
  type Options,
  constraintCases,
  initializerCases,
  layerCases,
  lossCases,
  metricCases,
  optimizerCases,
  predictions,
  regularizerCases,
  scheduleCases,
  targets,
} from './cases/classes.js';
import { worst } from './fixtures/read.js';
import { errorOf } from './support/run.js';
import { type Class, listed, make, modelOf, ofBatch, samples, through } from './support/classModels.js';

interface Configurable {
  readonly className: string;
  getConfig(): Record<string, unknown>;
}
/** The classes that a namespace exports below a base, without the base itself and without abstract ones. */
const classesOf = <T>(space: object, base: abstract new (...args: never[]) => T) =>
  Object.entries(space).filter(
    ([name, member]) =>
      typeof member === 'function' && (member as Class<T>).prototype instanceof base && !ABSTRACT.has(name),
  ) as [string, Class<T>][];

/** Classes that are there to be extended. */
const ABSTRACT = new Set(['MultiInputLayer', 'Wrapper']);

/** Each class has a row; a row without a class is left over. */
const haveRows = (classes: readonly (readonly [string, unknown])[], rows: object) => {
  it('has a row for each class in test/cases/classes.ts, in the order of the alphabet', () => {
    const names = Object.keys(rows);
    expect(names).toEqual(classes.map(([name]) => name).sort());
  });
};

/** A copy of an object by its configuration, and one by Keras's JSON. */
function copyOf<T>(
  object: T & Configurable,
  from: (config: never) => (T & Configurable) | undefined,
): T & Configurable {
  const json = <J>(value: J) => JSON.parse(JSON.stringify(value)) as J;
  const own = from(json({ className: object.className, config: object.getConfig() }) as never);
  expect(own?.getConfig()).toEqual(object.getConfig());
  const keras = json(saving.serializeKerasObject(object)) as { module: string; class_name: string };
  expect(keras).toMatchObject({ class_name: object.className, registered_name: null });
  expect(keras.module).toMatch(/^keras\./);
  expect(JSON.stringify(keras)).not.toMatch(/"[a-z]+[A-Z]\w*":/);
  const copy = saving.deserializeKerasObject(keras) as T & Configurable;
  // Configurations call a loss as a metric what Keras does.
  const { constructor } =
    object.className === 'MeanMetricWrapper' ? metrics.MeanMetricWrapper.prototype : (object as object);
  for (const made of [own, copy]) expect((made as object).constructor).toBe(constructor);
  expect(copy.getConfig()).toEqual(object.getConfig());
  return copy;
}

/** What was given stands in the configuration under its name. */
function keepsOptions(object: Configurable, options: Options | undefined) {
  if (Array.isArray(options)) return;
  const given = typeof options === 'function' ? options() : (options ?? {});
  const config = object.getConfig();
  for (const [name, value] of Object.entries(given)) {
    expect(config).toHaveProperty(name);
    // Names become objects, and single numbers pairs.
    if (typeof value === 'boolean') expect(config[name], name).toBe(value);
  }
}

/** Times a weight that begins as 1: gradients flow through what follows. */
class Factor extends layers.Layer {
  readonly className = 'Factor';
  #factor!: Variable;
  override build() {
    this.#factor = this.addWeight({ name: 'factor', shape: [], initializer: 'ones' });
  }
  call(x: Sym) {
    return ops.multiply(x, this.#factor);
  }
}

const numbersOf = async (y: Tensor) => Float32Array.from(await y.data());

describe('layers', () => {
  // Those that take plain data have their cases in preprocessing.test.ts.
  const classes = classesOf(layers, layers.Layer).filter(
    ([name, made]) => name !== 'DataLayer' && !(made.prototype instanceof layers.DataLayer),
  );
  haveRows(classes, layerCases);
  const cases = classes.flatMap(([name, made]) =>
    name in layerCases ? [[name, made, layerCases[name]!] as const] : [],
  );
  const predicted = async (model: Model<readonly layers.KerasTensor[]>, data: Tensor[]) => {
    const y = await model.predictOnBatch(data);
    return Array.isArray(y) ? y : [y];
  };

  it.each(cases)('%s is built, called and made again by its configuration', async (_, made, row) => {
    const layer = make(made, row.options);
    keepsOptions(layer, row.options);
    const model = modelOf(layer, row);
    expect(model.outputs.map(({ shape }) => shape)).toEqual(ofBatch(row.y, -1));
    expect(new Set(model.outputs.map(({ dtype }) => dtype))).toEqual(new Set([row.dtype ?? 'float32']));
    const own = `${layer.name}/`;
    const expected = Array.isArray(row.weights) ? row.weights : Object.entries(row.weights ?? {});
    const weights = layer.weights.map(({ name, shape }, i) => {
      const rest = name.replace(own, '');
      const [wanted] = (expected[i] ?? []) as string[];
      // Before it stands the name of a layer within, which has a number if it was not given.
      return [rest.endsWith(`/${wanted}`) ? wanted : rest, [...shape]];
    });
    expect(weights).toEqual(expected);
    const copy = copyOf(layer, layerFromConfig);
    const again = modelOf(copy, row);
    copy.setWeights(await layer.getWeights());
    const five = await predicted(model, samples(row, 5));
    expect(five.map(({ shape }) => shape)).toEqual(ofBatch(row.y, 5));
    const [same, one] = [await predicted(again, samples(row, 5)), await predicted(model, samples(row, 1))];
    for (const [i, y] of five.entries()) {
      const numbers = await numbersOf(y);
      expect(numbers.every(Number.isFinite)).toBe(true);
      expect(await numbersOf(itemAt(same, i))).toEqual(numbers);
      // A batch of 1 may run other kernels: sums of up to 64 products, each rounded once.
      const first = await numbersOf(itemAt(one, i));
      const scale = Math.max(1, ...numbers.map(Math.abs));
      expect(worst(first, numbers.slice(0, first.length), scale)).toBeLessThan(64 * 2 ** -24);
    }
  });

  it.each(cases)('%s trains a step, in float32 and in mixed precision', async (_, made, row) => {
    const outputs: Float32Array[][] = [];
    let weights: NDArray[] | undefined;
    for (const policy of ['float32', 'mixedBfloat16'] as const) {
      const layer = make(made, row.options);
      const model = modelOf(layer, row, { dtypePolicy: policy, before: new Factor() });
      weights ??= await model.getWeights();
      model.setWeights(weights);
      outputs.push(await Promise.all((await predicted(model, samples(row, 5))).map(numbersOf)));
      if (model.outputs.some(({ dtype }) => dtype !== 'float32')) continue;
      model.compile({ optimizer: optimizers.sgd({ learningRate: 0.5 }), loss: 'meanSquaredError' });
      const zeros = ofBatch(row.y, 5).map((shape) => new NDArray(new Float32Array(sizeOf(shape)), shape));
      const x = samples(row, 5);
      if (model.trainableWeights.length === 0) continue;
      const logs = await model.trainOnBatch(
        x.length === 1 ? firstOf(x) : x,
        zeros.length === 1 ? firstOf(zeros) : zeros,
      );
      expect(logs['loss']).toBeGreaterThan(0);
      const after = await model.getWeights();
      const learned = new Set(layer.trainableWeights);
      for (const [i, { data }] of after.entries()) {
        const weight = itemAt(model.weights, i);
        expect(Array.from(data as Float32Array).every(Number.isFinite), weight.name).toBe(true);
        if (learned.has(weight)) expect(data, weight.name).not.toEqual(itemAt(weights, i).data);
      }
    }
    const [exact, mixed] = atLeast(outputs, 2);
    for (const [i, numbers] of exact.entries()) {
      // bfloat16 has 8 bits: input, weight and result are rounded by 2⁻⁹ each, and steps of a loop take it further.
      const scale = Math.max(1, ...numbers.map(Math.abs));
      expect(worst(itemAt(mixed, i), numbers, scale)).toBeLessThan(8 * 2 ** -9);
    }
  });

  const open = cases.filter(([, , row]) => firstOf(listed(row.x)).length > 1 && row.fixed === undefined);
  it.each(open)('%s takes any length', async (_, made, row) => {
    const layer = make(made, row.options);
    if (layer instanceof layers.InputLayer) return; // its own shape is the option
    const model = modelOf(layer, row, { isOpen: true });
    const closed = modelOf(layer, row);
    const expected = await predicted(closed, samples(row, 2));
    for (const [i, y] of (await predicted(model, samples(row, 2))).entries()) {
      expect(y.shape).toEqual(itemAt(expected, i).shape);
      const numbers = await numbersOf(itemAt(expected, i));
      expect(worst(await numbersOf(y), numbers, Math.max(1, ...numbers.map(Math.abs)))).toBeLessThan(
        64 * 2 ** -24,
      );
    }
    for (const y of await predicted(model, samples(row, 2, firstOf(firstOf(listed(row.x))) + 2)))
      expect(y.shape[0]).toBe(2);
  });

  const fixed = cases.flatMap(([name, made, row]) =>
    row.fixed === undefined ? [] : [[name, row.fixed, made, row] as const],
  );
  it.each(fixed)('%s says that it needs the length: %s', (_, __, made, row) => {
    const layer = make(made, row.options);
    expect(errorOf(() => modelOf(layer, row, { isOpen: true }))).toMatchObject({ code: 'SHAPE' });
  });
});

const squares = (_: Sym, yPred: Sym) => ops.mean(ops.square(yPred), { axis: -1 });

describe.each([
  ['losses', losses, losses.Loss, lossCases, lossOf],
  ['metrics', metrics, metrics.Metric, metricCases, metricOf],
] as const)('%s', (family, space, base, rows, from) => {
  const classes = classesOf<Configurable>(space, base);
  haveRows(classes, rows);
  const cases = classes.flatMap(([name, made]) => (name in rows ? [[name, made, rows[name]!] as const] : []));

  it.each(cases)(
    '%s measures a training step, and is made again by its configuration',
    async (_, made, row) => {
      const object = make(made, row.options);
      keepsOptions(object, row.options);
      const copy = copyOf(object, from as never);
      const { yTrue = targets, yPred = predictions, isAlone = false, steps } = row;
      if (isAlone) return;
      const columns = firstOf(yPred as number[][]).length;
      const logs = [];
      for (const measure of [object, copy]) {
        const model = through(columns, steps);
        const options = family === 'losses' ? { loss: measure } : { loss: squares, metrics: [measure] };
        model.compile({ optimizer: optimizers.sgd({ learningRate: 0.5 }), ...(options as object) });
        logs.push(await model.trainOnBatch(yPred, yTrue));
        for (const { data } of await model.getWeights())
          expect(Array.from(data as Float32Array).every(Number.isFinite)).toBe(true);
      }
      expect(Object.values(firstOf(logs)).every(Number.isFinite)).toBe(true);
      expect(logs[1]).toEqual(logs[0]);
    },
  );
});

describe.each([
  [
    'optimizers',
    { ...optimizers, Optimizer: undefined },
    optimizers.BaseOptimizer,
    optimizerCases,
    optimizerOf,
  ],
  ['schedules', optimizers.schedules, optimizers.schedules.LearningRateSchedule, scheduleCases, scheduleOf],
] as const)('%s', (family, space, base, rows, from) => {
  const classes = classesOf<Configurable>(space, base);
  haveRows(classes, rows);
  const cases = classes.flatMap(([name, made]) => (name in rows ? [[name, made, rows[name]!] as const] : []));

  it.each(cases)('%s changes weights, and is made again by its configuration', async (_, made, options) => {
    const object = make(made, options);
    keepsOptions(object, options);
    const copy = copyOf(object, from as never);
    const after = [];
    for (const given of [object, copy]) {
      const model = through(3);
      const optimizer = family === 'optimizers' ? given : optimizers.sgd({ learningRate: given as never });
      model.compile({ optimizer: optimizer as never, loss: 'meanSquaredError' });
      const before = await model.getWeights();
      for (let step = 0; step < 3; step++) await model.trainOnBatch(predictions, targets);
      const numbers = (await model.getWeights()).map(({ data }) => Array.from(data as Float32Array));
      expect(numbers[0]).not.toEqual(Array.from(firstOf(before).data as Float32Array));
      expect(firstOf(numbers).every(Number.isFinite)).toBe(true);
      after.push(numbers);
    }
    expect(after[1]).toEqual(after[0]);
  });
});

describe('initializers', () => {
  const classes = classesOf(initializers, initializers.Initializer);
  haveRows(classes, initializerCases);

  it.each(classes)('%s makes numbers of a shape, the same by its configuration', async (name, made) => {
    const object = make(made, initializerCases[name]);
    keepsOptions(object, initializerCases[name]);
    const shape = name === 'STFT' ? [4, 1, 4] : [4, 4];
    const [y, again] = mapTuple([object, copyOf(object, initializerOf)], (one) => one.tensor(shape));
    expect([y.shape, y.dtype]).toEqual([shape, 'float32']);
    expect(await again.data()).toEqual(await y.data());
    expect((await numbersOf(y)).every(Number.isFinite)).toBe(true);
  });
});

describe.each([
  ['regularizers', regularizers, regularizers.Regularizer, regularizerCases, regularizerOf],
  ['constraints', constraints, constraints.Constraint, constraintCases, constraintOf],
] as const)('%s', (family, space, base, rows, from) => {
  type Weighing = Configurable & { call: (weight: Sym) => Sym };
  const classes = classesOf<Weighing>(space, base);
  haveRows(classes, rows);

  it.each(classes)('%s is a function of a weight, the same by its configuration', async (name, made) => {
    const object = make(made, rows[name]);
    keepsOptions(object, rows[name]);
    const results = [];
    for (const one of [object, copyOf(object, from as never)]) {
      const y = await compile((x: Sym) => one.call(x))([
        [1, -2],
        [3, 0.5],
      ]);
      expect(y.shape).toEqual(family === 'regularizers' ? [] : [2, 2]);
      results.push(await numbersOf(y));
    }
    expect(firstOf(results).every(Number.isFinite)).toBe(true);
    expect(results[1]).toEqual(results[0]);
  });
});
