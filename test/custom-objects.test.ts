import {
  Model,
  Sequential,
  type Shape,
  type Sym,
  activations,
  constraints,
  initializers,
  layers,
  losses,
  metrics,
  ops,
  optimizers,
  regularizers,
  saving,
  tensor,
} from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { kerasFamily } from '../lib/base/kerasNames.js';
import { firstOf } from '../lib/base/list.js';
import { sameName } from '../lib/base/names.js';
import { lossConfig, lossOf } from '../lib/losses/registry.js';
import { metricConfig, metricOf } from '../lib/metrics/registry.js';
import { optimizerConfig, optimizerOf } from '../lib/optimizers/registry.js';
import { requiredMetrics } from './support/requiredMetrics.js';
import { requiredOptimizers } from './support/requiredOptimizers.js';
import { errorOf } from './support/run.js';

const quiet = { verbose: 0 } as const;

class Offset extends layers.Layer {
  static override readonly optionNames = { ...layers.Layer.optionNames, by: 'required' };
  readonly className = 'Offset';
  readonly by: number;
  constructor(options: { by: number; name?: string }) {
    super(options);
    this.by = options.by;
  }
  call(x: Sym): Sym {
    return ops.add(x, this.by);
  }
  override getConfig() {
    return { ...super.getConfig(), by: this.by };
  }
}

describe('configurations with classes of one’s own', () => {
  const copyOf = (config: unknown) => JSON.parse(JSON.stringify(config)) as never;

  it('take classes of one’s own before those of the library, by their exact names', () => {
    class LeakyReLU extends Offset {}
    class LeakyRelu extends layers.Layer {
      readonly className = 'LeakyRelu';
      call(x: Sym): Sym {
        return x;
      }
    }
    const model = new Sequential([layers.input({ shape: [2] }), new LeakyRelu({ name: 'own' })]);
    const config = copyOf(model.getConfig());
    expect(Sequential.fromConfig(config, { LeakyRelu }).layers[0]).toBeInstanceOf(LeakyRelu);
    expect(errorOf(() => Sequential.fromConfig(config)).message).toMatch(/did you mean 'LeakyReLU'/);
    const given = copyOf(
      new Sequential([layers.input({ shape: [2] }), layers.leakyReLU({ name: 'leaky' })]).getConfig(),
    );
    expect(Sequential.fromConfig(given).layers[0]).toBeInstanceOf(layers.LeakyReLU);
    const config2 = JSON.parse(
      JSON.stringify(
        new Sequential([layers.input({ shape: [2] }), new Offset({ by: 3, name: 'off' })]).getConfig(),
      ).replace('"Offset"', '"LeakyReLU"'),
    ) as never;
    expect(Sequential.fromConfig(config2, { LeakyReLU }).layers[0]).toBeInstanceOf(LeakyReLU);
  });

  it('keep initializers, regularizers and constraints of one’s own', async () => {
    class Sevens extends initializers.Initializer {
      readonly className = 'Sevens';
      constructor() {
        super(0);
      }
      protected draw(shape: Shape) {
        return tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(7), shape);
      }
    }
    class Half extends regularizers.Regularizer {
      readonly className = 'Half';
      call(x: Sym): Sym {
        return ops.multiply(ops.sum(x), 0.5);
      }
    }
    class Zero extends constraints.Constraint {
      readonly className = 'Zero';
      call(x: Sym): Sym {
        return ops.multiply(x, 0);
      }
    }
    const head = layers.dense({
      units: 1,
      kernelInitializer: new Sevens(),
      kernelRegularizer: new Half(),
      kernelConstraint: new Zero(),
    });
    const options = { activityRegularizer: new Half() };
    const x = layers.input({ shape: [2] });
    const models = [
      new Sequential([layers.input({ shape: [2], name: 'points' }), head], options),
      new Model({ inputs: x, outputs: head.apply(x), ...options }),
    ];
    for (const model of models) {
      const made = model instanceof Sequential ? Sequential : Model;
      const again = made.fromConfig(copyOf(model.getConfig()), { Sevens, Half, Zero }) as Model;
      expect(again.getConfig()).toEqual(model.getConfig());
      expect(again.inputNames).toEqual(model.inputNames);
      again.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'mse' });
      // (14 - 14)², half of the kernel's sum of 14, and half of the output 14.
      expect((await again.trainOnBatch([[1, 1]], [[14]]))['loss']).toBe(14);
      expect(Array.from(firstOf(await again.getWeights()).data)).toEqual([0, 0]);
    }
  });

  it('make subclasses of Model again, in others too', async () => {
    class Mlp extends Model {
      override readonly className = 'Mlp';
      readonly head: layers.Layer;
      constructor(readonly options: { units: number; name?: string }) {
        const { units, ...rest } = options;
        super(rest);
        this.head = layers.dense({ units });
      }
      override call(x: Sym): Sym {
        return this.head.apply(x);
      }
      override getConfig() {
        return { ...super.getConfig(), units: this.options.units };
      }
    }
    class Part extends Model {
      override readonly className = 'Part';
    }
    const inner = layers.input({ shape: [3] });
    const part = new Part({ inputs: inner, outputs: layers.dense({ units: 1 }).apply(inner) });
    const model = new Sequential([layers.input({ shape: [2] }), new Mlp({ units: 3 }), part]);
    const again = Sequential.fromConfig(copyOf(model.getConfig()), {
      Mlp: Mlp,
      Part: Part,
    });
    expect(again.layers[0]).toBeInstanceOf(Mlp);
    expect(again.layers[1]).toBeInstanceOf(Part);
    expect(again.countParams()).toBe(9 + 4);
    expect(await again.predict([[1, 2]], quiet)).toMatchObject({ shape: [1, 1] });
  });
});

class Quartic extends losses.Loss {
  readonly className = 'Quartic';
  constructor(readonly scale = 1) {
    super();
  }
  call(yTrue: Sym, yPred: Sym): Sym {
    return ops.multiply(ops.mean(ops.power(ops.subtract(yPred, yTrue), 4), { axis: -1 }), this.scale);
  }
  override getConfig() {
    return { scale: this.scale };
  }
  static fromConfig({ scale }: { scale: number }) {
    return new Quartic(scale);
  }
}
class Bias extends metrics.Metric {
  override readonly name = 'bias';
  override call(yTrue: Sym, yPred: Sym): Sym {
    return ops.mean(ops.subtract(yPred, yTrue), { axis: -1 });
  }
}
class Slow extends optimizers.SGD {
  constructor(options: optimizers.SGDOptions = {}) {
    super({ learningRate: 0.125, ...options });
  }
}
const line = () =>
  new Sequential([layers.input({ shape: [1] }), layers.dense({ units: 1, kernelInitializer: 'ones' })]);

describe('registered objects', () => {
  saving.registerKerasSerializable('tests')(Quartic);
  saving.registerKerasSerializable('tests')(Bias);
  saving.registerKerasSerializable('tests', 'slow')(Slow);
  const cubic = saving.registerKerasSerializable(
    'tests',
    'cubic',
  )((yTrue: Sym, yPred: Sym) => ops.power(ops.abs(ops.subtract(yTrue, yPred)), 3));

  it('are found by name in compile', async () => {
    const model = line();
    model.compile({ loss: 'tests>Quartic', metrics: ['tests>Bias', 'tests>cubic'], optimizer: 'tests>slow' });
    // w = 1, b = 0: the prediction is 2, the loss (2 - 0)⁴, its slope 32, times x = 2 for the kernel.
    expect(await model.trainOnBatch([[2]], [[0]])).toEqual({ loss: 16, bias: 2, cubic: 8 });
    expect(Array.from(firstOf(await model.getWeights()).data)).toEqual([1 - 0.125 * 64]);
    model.compile({ loss: 'tests>cubic' });
    expect((await model.testOnBatch([[0]], [[2]]))['loss']).toBeGreaterThan(0);
  });

  it('make configurations under their names, of which equal objects are made', () => {
    const loss = lossConfig(new Quartic(3));
    expect(loss).toEqual({ className: 'tests>Quartic', config: { scale: 3 } });
    expect(lossOf(loss)).toEqual(new Quartic(3));
    const metric = metricConfig(new Bias());
    expect(metric).toEqual({ className: 'tests>Bias', config: { name: 'bias' } });
    expect(metricOf(metric)).toBeInstanceOf(Bias);
    const optimizer = optimizerConfig(new Slow());
    expect(optimizer).toMatchObject({ className: 'tests>slow', config: { learningRate: 0.125 } });
    expect(optimizerOf(optimizer)).toBeInstanceOf(Slow);
  });

  it('that are functions are their names; a function without one cannot be written', () => {
    expect(lossConfig(lossOf(cubic))).toBe('tests>cubic');
    expect(metricConfig(metricOf(cubic))).toBe('tests>cubic');
    const own = (yTrue: Sym) => yTrue;
    for (const write of [() => lossConfig(lossOf(own)), () => metricConfig(metricOf(own))])
      expect(errorOf(write)).toMatchObject({
        code: 'ARGUMENT',
        message: expect.stringMatching(/registerKerasSerializable/) as string,
      });
  });

  it('are known by getRegisteredObject and getRegisteredName', () => {
    expect(saving.getRegisteredObject('tests>cubic')).toBe(cubic);
    expect(saving.getRegisteredObject('tests>none')).toBeUndefined();
    expect(saving.getRegisteredObject('cubic', { cubic })).toBe(cubic);
    expect(saving.getRegisteredObject('other', {}, { other: cubic })).toBe(cubic);
    expect(saving.getRegisteredObject('toString', {}, {})).toBeUndefined();
    expect(saving.getRegisteredName(Slow)).toBe('tests>slow');
    expect(saving.getRegisteredName(Offset)).toBeUndefined();
    saving.registerKerasSerializable()(Offset);
    expect(saving.getRegisteredName(Offset)).toBe('Custom>Offset');
  });

  it('are named where a name is misspelt, and of the right kind', () => {
    const loss = (name: string) => errorOf(() => lossOf(name as never)).message;
    expect(loss('tests>Quartc')).toMatch(/did you mean 'tests>Quartic'/);
    expect(loss('tests>slow')).toMatch(/expected a loss, its name or a function/);
    expect(errorOf(() => optimizerOf('tests>cubic')).message).toMatch(/expected an optimizer/);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['a number', () => saving.registerKerasSerializable()(5 as never), /a class or a function/],
    ['a class without getConfig', () => saving.registerKerasSerializable()(Map), /getConfig/],
    ['a package of two', () => saving.registerKerasSerializable('a>b'), /without '>'/],
    ['no name', () => saving.registerKerasSerializable('a')(() => 1), /expected a name/],
    ['no record', () => saving.customObjectScope(3 as never, () => 1), /a record of classes/],
    ['no class', () => Model.fromConfig({}, { a: 3 as never }), /\[fromConfig\]/],
  ])('are not %s', (_, call, message) => {
    expect(errorOf(call)).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('a scope of custom objects', () => {
  it('holds for all families, within it and in what it awaits', async () => {
    class Half extends regularizers.Regularizer {
      readonly className = 'Half';
      call(x: Sym): Sym {
        return ops.multiply(ops.sum(x), 0.5);
      }
    }
    const objects = { Quartic, Bias, Half, cube: (x: Sym) => ops.power(x, 3) };
    const model = saving.customObjectScope(objects, () => {
      const made = line();
      made.add(layers.dense({ units: 1, activation: 'cube', kernelRegularizer: 'Half' as never }));
      made.compile({ loss: 'Quartic' as never, metrics: ['Bias'] as never });
      return made;
    });
    // Names were looked up at once, or are looked up as they would have been.
    expect(Object.keys(await model.testOnBatch([[1]], [[1]]))).toEqual(['loss', 'bias']);
    expect(() => lossOf('Quartic' as never)).toThrow('expected one of');
    const awaited = await saving.customObjectScope(objects, async () => {
      await Promise.resolve();
      return [
        saving.getRegisteredObject('Bias'),
        saving.customObjectScope({ Bias: Half }, () => lossOf('Quartic' as never)),
      ];
    });
    expect(awaited).toEqual([Bias, new Quartic()]);
    expect(saving.getRegisteredObject('Bias')).toBeUndefined();
  });
});

describe('classes of the library', () => {
  const families = { constraints, initializers, losses, metrics, optimizers, regularizers };
  const kinds = {
    constraints: 'constraint',
    initializers: 'initializer',
    losses: 'loss',
    metrics: 'metric',
    optimizers: 'optimizer',
    regularizers: 'regularizer',
  };
  const needed: Record<string, object> = { ...requiredMetrics, ...requiredOptimizers };
  const classes = Object.entries(families).flatMap(([family, space]) =>
    Object.entries(space)
      .filter(([name, make]) => /^[a-z]/.test(name) && typeof make === 'function' && name !== 'optimizerMap')
      .map(([name, make]) => [family, name, space, make as (options?: unknown) => object] as const),
  );

  it.each(classes)("%s.%s has Keras's name and is exported under it", (family, name, space, make) => {
    const object = make(needed[name] ?? {}) as { className: string };
    expect((space as unknown as Record<string, unknown>)[object.className]).toBe(object.constructor);
    const keras = kerasFamily(kinds[family as keyof typeof kinds])!.names.split(' ');
    expect(
      keras.some((known) => sameName(known, object.className)),
      object.className,
    ).toBe(true);
    expect(sameName(name, object.className)).toBe(true);
  });

  it('an activation of Keras that has no name here is told apart', () => {
    expect(errorOf(() => activations.activationOf('threshold')).message).toMatch(
      /\[activation\].*that is a name of Keras which is not here/,
    );
  });

  it('that are metrics make equal ones of their configurations', () => {
    for (const metric of [
      metrics.binaryAccuracy({ threshold: 0.3, name: 'right' }),
      metrics.meanSquaredError({ name: 'squares' }),
      metrics.meanMetricWrapper({ fn: losses.binaryCrossentropy({ fromLogits: true }), name: 'entropy' }),
      metricOf('accuracy'),
      metrics.accuracy(),
    ]) {
      const config = JSON.parse(JSON.stringify(metricConfig(metric))) as ReturnType<typeof metricConfig>;
      expect(metricOf(config)).toEqual(metric);
    }
  });

  it('that are losses among metrics are read as Keras writes them', () => {
    const huber = losses.huber({ delta: 2, name: 'far' });
    const metric = metricOf(huber);
    expect(metric.direction).toBe('down');
    expect(metricConfig(metric)).toEqual({
      className: 'MeanMetricWrapper',
      config: { name: 'huber', fn: { className: 'Huber', config: huber.getConfig() } },
    });
    const written = saving.serializeKerasObject(huber);
    const config = JSON.parse(JSON.stringify({ className: 'Huber', config: huber.getConfig() })) as never;
    expect(metricConfig(metricOf(config))).toEqual(metricConfig(metric));
    expect(saving.serializeKerasObject(metric)).toMatchObject({
      class_name: 'MeanMetricWrapper',
      config: { name: 'huber', fn: written },
    });
  });
});
