import { firstOf, itemAt, mapTuple } from '../lib/base/list.js';
import { readFileSync } from 'node:fs';
import { Model, Sequential, layers } from 'nodegrad';
import { describe, expect, it } from 'vitest';

const keras = JSON.parse(readFileSync(new URL('fixtures/summaries.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>;

const dense = (name: string, units: number) => layers.dense({ name, units });

function mnist() {
  const long = 'a_layer_with_a_name_much_longer_than_its_column_is';
  return new Sequential(
    [
      layers.input({ shape: [28, 28, 1] }),
      layers.conv2d({ filters: 32, kernelSize: 3, name: 'conv' }),
      layers.flatten({ name: 'flatten' }),
      layers.dropout({ rate: 0.5, name: long }),
      dense('head', 10),
    ],
    { name: 'mnist' },
  );
}

function two() {
  const [a, b] = [layers.input({ shape: [2], name: 'a' }), layers.input({ shape: [2], name: 'b' })];
  const shared = dense('shared', 3);
  const both = layers.concatenate({ name: 'both' }).apply([shared.apply(a), shared.apply(b)]);
  return new Model({
    inputs: [a, b],
    outputs: [dense('sum', 1).apply(both), dense('kind', 3).apply(both)],
    name: 'two',
  });
}

function unused() {
  const [a, b, c] = mapTuple(['a', 'b', 'c'], (name, i) =>
    layers.input({ shape: [2 + Math.floor(i / 2)], name }),
  );
  return new Model({
    inputs: [b, a, c],
    outputs: dense('head', 1).apply(dense('body', 3).apply(a)),
    name: 'unused',
  });
}

function outer() {
  const inner = new Sequential([layers.input({ shape: [3] }), dense('one', 4), dense('two', 4)], {
    name: 'inner',
  });
  return new Sequential([layers.input({ shape: [3] }), inner, dense('out', 1)], { name: 'outer' });
}

function states() {
  const x = layers.input({ shape: [5, 4], name: 'x' });
  const outputs = layers.lstm({ units: 3, returnState: true, name: 'lstm' }).applyAll(x);
  return new Model({ inputs: x, outputs, name: 'states' });
}

const unbuilt = () => new Sequential([dense('one', 4), dense('two', 1)], { name: 'unbuilt' });

type Summarized = Pick<Model, 'summary'>;

describe('summary', () => {
  const text = (model: Summarized, options: Parameters<Model['summary']>[0] = {}) =>
    model.summary({ lineLength: 88, ...options, printFn: () => undefined });

  it.each<[string, () => Summarized, Parameters<Model['summary']>[0]?]>([
    ['sequential', mnist],
    ['narrow', mnist, { lineLength: 50 }],
    ['branches', two, { lineLength: 108 }],
    ['branchesTrainable', two, { lineLength: 120, showTrainable: true }],
    ['unused', unused, { lineLength: 108 }],
    ['nested', outer],
    ['expanded', outer, { expandNested: true }],
    ['states', states],
    ['unbuilt', unbuilt],
  ])('prints what Keras prints: %s', (name, make, options) => {
    expect(text(make(), options)).toBe(keras[name]!.replaceAll('None', 'null'));
  });

  it('tells what is trained, and what the optimizer keeps', async () => {
    const model = mnist();
    firstOf(model.layers).trainable = false;
    expect(text(model, { lineLength: 100, showTrainable: true })).toBe(
      keras['trainable']!.replaceAll('None', 'null'),
    );
    model.compile({ optimizer: 'adam', loss: 'mse' });
    await model.trainOnBatch(new Float32Array(784), new Float32Array(10));
    expect(text(model)).toBe(keras['compiled']!.replaceAll('None', 'null'));
  });

  it('by default is no wider than the terminal, and goes to the console', () => {
    const lines: string[] = [];
    const printed = mnist().summary({ printFn: (all) => void lines.push(all) });
    expect(lines).toEqual([printed]);
    const width = Math.min(88, (process.stdout.columns ?? 80) - 4);
    expect(printed.split('\n')[1]).toHaveLength(width);
    expect(() => mnist().summary({ lineLength: 10 })).toThrow(/lineLength.*10/);
  });
});

describe('names of layers', () => {
  it('are those of the functions that make them', () => {
    const { relu, conv2dTranspose, leakyReLU, lstm, simpleRNN, globalMaxPooling2d, spatialDropout2d } =
      layers;
    const kinds: Record<string, { name: string }> = {
      relu: relu(),
      leakyReLU: leakyReLU(),
      conv2dTranspose: conv2dTranspose({ filters: 1, kernelSize: 1 }),
      lstm: lstm({ units: 1 }),
      gru: layers.gru({ units: 1 }),
      simpleRNN: simpleRNN({ units: 1 }),
      globalMaxPooling2d: globalMaxPooling2d(),
      spatialDropout2d: spatialDropout2d({ rate: 0.5 }),
      batchNormalization: layers.batchNormalization(),
      add: layers.add(),
      input: layers.input({ shape: [1] }).node.operation,
    };
    for (const [kind, layer] of Object.entries(kinds)) {
      expect(Object.keys(layers)).toContain(kind);
      expect(layer.name.replace(/_\d+$/, '')).toBe(kind);
    }
  });

  it('count the layers in the order in which they were made', () => {
    const [a, b, c] = mapTuple([1, 2, 3], () => layers.dense({ units: 1 }));
    const numbers = [c, a, b].map(({ name }) => Number(name.replace(/^dense_?/, '')));
    expect(numbers).toEqual([itemAt(numbers, 1) + 2, numbers[1], itemAt(numbers, 1) + 1]);
    class Wrapper extends layers.Layer {
      readonly inner = layers.dense({ units: 1 });
      readonly known = this.inner.name;
      readonly className = 'Wrapper';
      call() {
        return [];
      }
    }
    expect(new Wrapper().name).toMatch(/^wrapper(_\d+)?$/);
  });
});
