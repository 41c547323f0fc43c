import { firstOf, itemAt } from '../lib/base/list.js';
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  Model,
  type OutputStructure,
  type Sym,
  type Tensor,
  compile,
  constraints,
  initializers,
  layers,
  losses,
  metrics,
  modelFromJson,
  ops,
  optimizers,
  regularizers,
  saving,
  tensor,
} from '../lib/index.js';
import { kerasOption } from '../lib/base/kerasNames.js';
import { type Stored, readFixture, worst } from './fixtures/read.js';
import { errorOf } from './support/run.js';

interface Entry {
  name: string;
  weights: Stored[];
  x: Stored[];
  y: Stored[];
}
/** The models of a fixture, each with its text. */
const modelsOf = (name: string) => {
  const texts = gunzipSync(readFileSync(new URL(`fixtures/${name}.json.gz`, import.meta.url)))
    .toString()
    .split('\n');
  const { entries } = readFixture(name) as { entries: Entry[] };
  return entries.map((entry, i) => [entry.name, itemAt(texts, i), entry] as const);
};

const given = ({ data, shape, dtype }: Stored) => tensor(data, shape, dtype);

/** What a model gives for the numbers of a fixture. */
async function outputsOf(model: Model<OutputStructure>, { x }: Entry): Promise<Tensor[]> {
  const fed = x.map(given);
  const y = await model.predictOnBatch(fed.length === 1 ? firstOf(fed) : fed);
  if (Array.isArray(y)) return y;
  if ('data' in y) return [y as Tensor];
  // Keras gives a record in the order of its names.
  return Object.entries(y)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, value]) => value);
}

async function compare(model: Model<OutputStructure>, entry: Entry) {
  model.setWeights(entry.weights.map(given));
  const outputs = await outputsOf(model, entry);
  expect(outputs.map(({ shape }) => shape)).toEqual(entry.y.map(({ shape }) => shape));
  for (const [i, y] of outputs.entries()) {
    const expected = itemAt(entry.y, i).data;
    // Both compute in float32: sums of some 100 products, in another order. In bfloat16 inputs, weights and results are rounded to 2⁻⁹.
    const bound = model.dtypePolicy === 'float32' ? 1e-5 : 8 * 2 ** -9;
    expect(worst(await y.data(), expected, Math.max(1, ...Array.from(expected, Math.abs)))).toBeLessThan(
      bound,
    );
  }
}

const endless: unknown[] = [];
endless.push({ items: endless });

describe.each([
  ['models', 100],
  ['class_models', 400],
] as const)("models in Keras's JSON: %s", (fixture, atLeast) => {
  const all = modelsOf(fixture);

  it.each(all)('%s', async (_, text, entry) => {
    const model = modelFromJson(text);
    await compare(model, entry);
    const again = modelFromJson(JSON.stringify(model));
    await compare(again, entry);
    expect(JSON.stringify(again)).toBe(JSON.stringify(model));
  });

  it('are many', () => {
    expect(all.length).toBeGreaterThanOrEqual(atLeast);
  });
});

describe('arguments of calls in Keras that are options of layers here', () => {
  interface Written {
    config: {
      layers: { class_name: string; config: object; inbound_nodes: { args: unknown[]; kwargs: object }[] }[];
    };
  }
  const words = () => layers.input({ shape: [5, 4] });
  const said = { returnAttentionScores: true, useCausalMask: true };
  /** The last layer as it is written. */
  const written = (model: Model<OutputStructure>) =>
    (JSON.parse(JSON.stringify(model)) as Written).config.layers.at(-1)!;

  it.each([
    ['Attention', layers.attention(said), 1],
    ['AdditiveAttention', layers.additiveAttention(said), 1],
    ['MultiHeadAttention', layers.multiHeadAttention({ numHeads: 2, keyDim: 3, ...said }), 2],
    [
      'GroupQueryAttention',
      layers.groupQueryAttention({ headDim: 3, numQueryHeads: 4, numKeyValueHeads: 2, ...said }),
      2,
    ],
  ] as const)('%s', (className, layer, count) => {
    const inputs = [words(), words()];
    const model = new Model({ inputs, outputs: layer.applyAll(inputs) });
    const { class_name: name, config, inbound_nodes: nodes } = written(model);
    expect(name).toBe(className);
    expect(Object.keys(config)).not.toEqual(expect.arrayContaining([expect.stringMatching(/causal|scores/)]));
    expect(nodes.map(({ args, kwargs }) => [args.length, kwargs])).toEqual([
      [count, { return_attention_scores: true, use_causal_mask: true }],
    ]);
    const again = modelFromJson(JSON.stringify(model));
    expect(again.outputs).toHaveLength(2);
    expect(again.layers.at(-1)!.getConfig()).toMatchObject(said);
  });

  it('the mask of several heads is given by name', () => {
    const inputs = [words(), words(), words(), layers.input({ shape: [5, 5] })];
    const layer = layers.multiHeadAttention({ numHeads: 2, keyDim: 3 });
    const { inbound_nodes: nodes } = written(new Model({ inputs, outputs: layer.apply(inputs) }));
    const { args, kwargs } = firstOf(nodes);
    expect([args.length, Object.keys(kwargs)]).toEqual([3, ['attention_mask']]);
  });

  it('calls of one layer that differ are refused', () => {
    const x = words();
    const layer = layers.attention({ name: 'twice', useCausalMask: true });
    const model = new Model({ inputs: x, outputs: layer.apply([layer.apply([x, x]), x]) });
    const json = JSON.parse(JSON.stringify(model)) as Written;
    itemAt(json.config.layers.at(-1)!.inbound_nodes, 1).kwargs = {};
    expect(errorOf(() => modelFromJson(json))).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(/one use_causal_mask in all calls of twice/) as string,
    });
  });

  it('a layer in no model keeps what was given, and only that', () => {
    const given = saving.serializeKerasObject(layers.attention({ useCausalMask: true })) as {
      config: object;
    };
    expect(given.config).toMatchObject({ use_causal_mask: true });
    expect(given.config).not.toHaveProperty('return_attention_scores');
    expect((saving.deserializeKerasObject(given) as layers.Attention).getConfig()).toMatchObject({
      ...{ useCausalMask: true, returnAttentionScores: false },
    });
  });
});

describe('ops that Keras makes with what is their second argument here', () => {
  const image = layers.input({ shape: [8, 8, 3], name: 'image' });
  const row = layers.input({ shape: [4], name: 'row' });
  const index = layers.input({ shape: [4], name: 'index', dtype: 'int32' });
  const stft = { sequence_length: 4, sequence_stride: 2, fft_length: 4 };
  // What Keras 3.15.1 writes for each, but for the name.
  it.each([
    [
      'Resize',
      () => new Model({ inputs: image, outputs: ops.image.resize(image, [4, 4]) }),
      {
        size: [4, 4],
        interpolation: 'bilinear',
        antialias: false,
        crop_to_aspect_ratio: false,
        pad_to_aspect_ratio: false,
        fill_mode: 'constant',
        fill_value: 0,
        data_format: null,
      },
    ],
    [
      'OneHot',
      () => new Model({ inputs: index, outputs: ops.oneHot(index, { depth: 5 }) }),
      { num_classes: 5, axis: -1, dtype: null, sparse: false },
    ],
    [
      'MultiHot',
      () => new Model({ inputs: index, outputs: ops.multiHot(index, { numClasses: 5 }) }),
      { num_classes: 5, axis: -1, dtype: null, sparse: false },
    ],
    [
      'ExtractPatches',
      () => new Model({ inputs: image, outputs: ops.image.extractPatches(image, [2, 2]) }),
      { size: [2, 2], strides: [2, 2], dilation_rate: 1, padding: 'valid', data_format: 'channels_last' },
    ],
    [
      'Unfold',
      () => new Model({ inputs: image, outputs: ops.unfold(image, 2) }),
      { kernel_size: 2, dilation: 1, padding: 0, stride: 1 },
    ],
    [
      'STFT',
      () => new Model({ inputs: row, outputs: ops.stft(row, 4, 2, 4)[0] }),
      { ...stft, window: 'hann', center: true },
    ],
  ])('%s', (name, made: () => Model<OutputStructure>, keras) => {
    interface Layer {
      class_name: string;
      config: Record<string, unknown>;
    }
    const json = JSON.parse(JSON.stringify(made())) as { config: { layers: Layer[] } };
    const layer = json.config.layers.find((one) => one.class_name === name)!;
    const { name: own, ...config } = layer.config;
    expect(keras).toMatchObject(config);
    layer.config = { name: own, ...keras };
    const read = modelFromJson(JSON.stringify(json));
    expect(read.outputs.map(({ shape }) => shape)).toEqual(made().outputs.map(({ shape }) => shape));
  });
});

it('an initializer whose name a layer has, too, is written as one', () => {
  const given = saving.serializeKerasObject(layers.dense({ units: 2, kernelInitializer: 'identity' }));
  expect(given).toMatchObject({ config: { kernel_initializer: { module: 'keras.initializers' } } });
});

it('a factor of which Keras wrote two numbers is read as the one that was given', () => {
  const config = { name: 'shear', x_factor: [-0.5, 0.5], y_factor: [0.1, 0.2] };
  const shear = { module: 'keras.layers', class_name: 'RandomShear', config, registered_name: null };
  expect((saving.deserializeKerasObject(shear) as layers.Layer).getConfig()).toMatchObject({
    xFactor: 0.5,
    yFactor: [0.1, 0.2],
  });
});

describe('own classes and wrong configurations', () => {
  class Offset extends layers.Layer {
    static override readonly optionNames = { ...layers.Layer.optionNames, addedValue: 'required' };
    readonly className = 'Offset';
    readonly addedValue: number;
    constructor(options: { addedValue: number; name?: string }) {
      super(options);
      this.addedValue = options.addedValue;
    }
    call(x: Sym) {
      return ops.add(x, this.addedValue);
    }
    override getConfig() {
      return { ...super.getConfig(), addedValue: this.addedValue };
    }
  }
  const cube = (x: Sym) => ops.power(x, 3);
  const customObjects = { Offset, cube };

  it('are found by customObjects, with names in snake_case in the text', async () => {
    const text = saving.customObjectScope(customObjects, () => {
      const x = layers.input({ shape: [2], name: 'x' });
      const y = layers.activation({ activation: 'cube' }).apply(new Offset({ addedValue: 2 }).apply(x));
      return JSON.stringify(new Model({ inputs: x, outputs: y }));
    });
    expect(text).toContain('"added_value":2');
    const model = modelFromJson(text, { customObjects });
    expect(Array.from(await ((await model.predict([[1, 2]], { verbose: 0 })) as Tensor).data())).toEqual([
      27, 64,
    ]);
    expect(errorOf(() => modelFromJson(text))).toMatchObject({ code: 'ARGUMENT' });
  });

  it('keep what compile was given: objects, names and registered functions', () => {
    const cubic = saving.registerKerasSerializable(
      'json',
      'cubic',
    )((yTrue: Sym, yPred: Sym) => ops.abs(ops.power(ops.subtract(yTrue, yPred), 3)));
    const x = layers.input({ shape: [2] });
    const outputs = { a: layers.dense({ units: 1 }).apply(x), b: layers.dense({ units: 2 }).apply(x) };
    const model = new Model({ inputs: x, outputs });
    model.compile({
      optimizer: optimizers.sgd({
        learningRate: optimizers.schedules.cosineDecay({ initialLearningRate: 1, decaySteps: 3 }),
      }),
      loss: { a: 'meanSquaredError', b: losses.huber({ delta: 3 }) },
      metrics: { a: [cubic, 'mae'], b: metrics.meanSquaredError({ name: 'squares' }) },
      lossWeights: { a: 2 },
    });
    const json = JSON.parse(JSON.stringify(model)) as { compile_config: object };
    expect(json.compile_config).toMatchObject({
      optimizer: { module: 'keras.optimizers', class_name: 'SGD' },
      loss: { a: 'mean_squared_error', b: { module: 'keras.losses', config: { delta: 3 } } },
      metrics: {
        a: [{ class_name: 'function', registered_name: 'json>cubic' }, 'mae'],
        b: { module: 'keras.metrics' },
      },
      loss_weights: { a: 2 },
    });
    expect(modelFromJson(json).getCompileConfig()).toEqual(model.getCompileConfig());
    expect(new Model({ inputs: x, outputs }).getCompileConfig()).toBeUndefined();
  });

  const dense = (config: object) => ({
    module: 'keras.layers',
    class_name: 'Dense',
    config: { name: 'd', units: 2, ...config },
    registered_name: null,
  });

  it.each<[string, () => unknown, RegExp]>([
    ['no JSON', () => modelFromJson('{'), /the text of JSON/],
    ['what holds itself', () => saving.deserializeKerasObject(endless), /at most 500 levels/],
    [
      'too many levels',
      () => modelFromJson('{"class_name":"Model","config":' + '['.repeat(1e5) + ']'.repeat(1e5) + '}'),
      /at most 500 levels/,
    ],
    ['no model', () => modelFromJson(dense({})), /expected a model/],
    ['no configuration', () => modelFromJson({ layers: [] }), /Keras's JSON/],
    [
      'unknown options',
      () => modelFromJson({ customObject: {} }, { customObject: {} } as never),
      /customObjects/,
    ],
    ['an option that is not here', () => saving.deserializeKerasObject(dense({ lora_rank: 4 })), /lora_rank/],
    ['half precision', () => saving.deserializeKerasObject(dense({ dtype: 'float16' })), /mixed_bfloat16/],
    ['a lambda', () => saving.deserializeKerasObject({ class_name: '__lambda__', config: {} }), /registered/],
    [
      'a graph without nodes',
      () =>
        modelFromJson({
          class_name: 'Functional',
          config: { layers: [{ class_name: 'Dense', config: {} }], input_layers: [] },
        }),
      /lacks a part|as Keras writes it/,
    ],
    ['a list that holds itself', () => saving.serializeKerasObject(endless), /do not hold themselves/],
    [
      'a function that is not registered',
      () => saving.serializeKerasObject((x: Sym) => x),
      /registerKerasSerializable/,
    ],
  ])('%s is refused', (_, call, message) => {
    expect(errorOf(call)).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(message) as string,
    });
  });

  it('drop what says that nothing was given', () => {
    const made = saving.deserializeKerasObject(dense({ lora_rank: null, dtype: 'float32' }));
    expect(made).toBeInstanceOf(layers.Dense);
    const objects = saving.deserializeKerasObject({ rate: 2, list: [dense({})] }) as {
      rate: number;
      list: unknown[];
    };
    expect([objects.rate, objects.list[0]]).toEqual([2, expect.any(layers.Dense)]);
  });
});

describe('what Keras takes in another form', () => {
  it('are the states of a stack of cells: a list, after the input', () => {
    const cells = () => [layers.lstmCell({ units: 3 }), layers.simpleRNNCell({ units: 1 })];
    const inputs = [2, 3, 3, 1].map((size) => layers.input({ shape: [size] }));
    const outputs = layers.stackedRNNCells({ cells: cells(), name: 'stack' }).applyAll(inputs);
    using model = new Model({ inputs, outputs });
    const text = JSON.stringify(model);
    const { config } = JSON.parse(text) as {
      config: { layers: { name: string; inbound_nodes: { args: unknown[] }[] }[] };
    };
    const nodes = config.layers.find(({ name }) => name === 'stack')!.inbound_nodes;
    const tensorOf = expect.objectContaining({ class_name: '__keras_tensor__' }) as unknown;
    // Keras nests them as the cells do.
    expect(firstOf(nodes).args).toEqual([tensorOf, [[tensorOf, tensorOf], tensorOf]]);
    using read = modelFromJson(text);
    expect(read.outputs.map(({ shape }) => shape)).toEqual(outputs.map(({ shape }) => shape));
  });

  it('is the map of several optimizers: no layer', () => {
    const map = optimizers.optimizerMap({ defaultOptimizer: optimizers.adam() });
    map.set('dense/.*', optimizers.sgd());
    const written = saving.serializeKerasObject(optimizers.multiOptimizer({ optimizerMap: map })) as {
      config: { optimizer_map: { module: string; config: object } };
    };
    expect(written.config.optimizer_map.module).toBe('keras.optimizers');
    expect(Object.keys(written.config.optimizer_map.config).sort()).toEqual([
      'default_optimizer',
      'optimizer_map',
    ]);
    const read = saving.deserializeKerasObject(written) as optimizers.MultiOptimizer;
    expect((read.optimizerMap as optimizers.OptimizerMap).get('dense/kernel')).toBeInstanceOf(optimizers.SGD);
  });

  it('is a softmax over several axes', async () => {
    const written = { module: 'keras.layers', class_name: 'Softmax', config: { axis: [1, 2] } };
    const layer = saving.deserializeKerasObject(written) as layers.Softmax;
    expect(layer.axis).toEqual([1, 2]);
    const x = tensor([
      [
        [0, 0],
        [0, 0],
      ],
    ]);
    using model = new Model(
      (() => {
        const inputs = layers.input({ shape: [2, 2] });
        return { inputs, outputs: layer.apply(inputs) };
      })(),
    );
    expect(await (await model.predictOnBatch(x)).array()).toEqual([
      [
        [0.25, 0.25],
        [0.25, 0.25],
      ],
    ]);
    expect(saving.serializeKerasObject(layer)).toMatchObject({ config: { axis: [1, 2] } });
  });
});

describe('whether a call trains', () => {
  const x = ops.ones([1, 64]);
  const dropout = (context?: { training: boolean }): Model => {
    const inputs = layers.input({ shape: [64] });
    return new Model({ inputs, outputs: layers.dropout({ rate: 0.5 }).apply(inputs, context) });
  };
  /** Whether a model drops numbers while it trains, and where it predicts. */
  const drops = (model: Model<OutputStructure>): Promise<boolean[]> =>
    Promise.all(
      [true, false].map(async (training) => {
        const y = await compile((given: Sym) => firstOf(model.applyAll([given], { training })))(x);
        return (await y.data()).includes(0);
      }),
    );
  /** The configuration of a model whose call of dropout has these arguments, as Keras 3 writes it. */
  const written = (kwargs: object): string => {
    const json = JSON.parse(JSON.stringify(dropout())) as {
      config: { layers: { inbound_nodes: object[] }[] };
    };
    const node = json.config.layers[1]!.inbound_nodes[0]! as { kwargs: object };
    node.kwargs = kwargs;
    return JSON.stringify(json);
  };

  it.each([{}, { training: false }, { training: null }])(
    'is what the model says where Keras has written its default, %j',
    async (kwargs) => {
      using model = modelFromJson(written(kwargs));
      expect(await drops(model)).toEqual([true, false]);
    },
  );

  it.each([
    [{}, [true, false]],
    [{ training: true }, [true, true]],
    [{ training: false }, [false, false]],
  ] as const)('is what Keras 2 has written: %j', async (said, expected) => {
    const layer = (name: string, className: string, config: object, nodes: unknown[]) => ({
      ...{ class_name: className, name, config: { name, ...config }, inbound_nodes: nodes },
    });
    const config = {
      name: 'model',
      layers: [
        layer('input', 'InputLayer', { batch_input_shape: [null, 64], dtype: 'float32' }, []),
        layer('dropout', 'Dropout', { rate: 0.5 }, [[['input', 0, 0, said]]]),
      ],
      input_layers: [['input', 0, 0]],
      output_layers: [['dropout', 0, 0]],
    };
    using model = modelFromJson(
      JSON.stringify({ class_name: 'Functional', config, keras_version: '2.8.0', backend: 'tensorflow' }),
    );
    expect(await drops(model)).toEqual(expected);
  });

  it.each([true, false])('stays %s where a call here said so', async (training) => {
    using said = dropout({ training });
    const text = JSON.stringify(said);
    using model = modelFromJson(text);
    expect([await drops(said), await drops(model)]).toEqual([
      [training, training],
      [training, training],
    ]);
    expect(JSON.stringify(model)).toBe(text);
  });
});

it('options of all classes have the names of Keras', () => {
  const text = readFileSync(new URL('fixtures/keras_surface.json', import.meta.url), 'utf8');
  const { classes } = JSON.parse(text) as {
    classes: Record<string, Record<string, { arguments: { name: string }[] }>>;
  };
  const letters = (name: string) => name.replaceAll('_', '').toLowerCase();
  const families = { constraints, initializers, layers, losses, metrics, optimizers, regularizers };
  const compared = Object.entries(families).flatMap(([family, members]) =>
    Object.entries(members as Record<string, { optionNames?: object }>).flatMap(
      ([name, { optionNames = {} }]) =>
        (classes[family]?.[name]?.arguments ?? []).flatMap((argument) =>
          Object.keys(optionNames)
            .filter((option) => letters(option) === letters(argument.name))
            .map((option) => [`${name}.${kerasOption(option)}`, `${name}.${argument.name}`] as const),
        ),
    ),
  );
  expect(compared.length).toBeGreaterThan(500);
  expect(compared.filter(([ours, theirs]) => ours !== theirs)).toEqual([]);
});
