// Files for TensorBoard. What TensorBoard itself reads from them: test/fixtures/check_tensorboard.py.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs/light.js';
import { afterAll, describe, expect, it } from 'vitest';
import { Sequential, callbacks, layers, optimizers, summary } from '../lib/index.js';
import { crc32c, recordOf } from '../lib/summary/eventFile.js';
import { SUMMARY_SCHEMA } from '../lib/summary/schema.js';
import { errorOf, rejectionOf } from './support/run.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-board-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = JSON.parse(
  readFileSync(new URL('fixtures/tensorboard.json', import.meta.url), 'utf8'),
) as Record<'records' | 'events', Record<string, string>>;
const root = protobuf.Root.fromJSON(SUMMARY_SCHEMA);

interface Value {
  tag: string;
  tensor: {
    floatVal?: number[];
    tensorContent?: Uint8Array;
    stringVal?: Uint8Array[];
    tensorShape?: { dim?: { size: number }[] };
  };
  metadata: { pluginData: { pluginName: string; content?: Uint8Array }; dataClass?: number };
}
interface Event {
  step?: number;
  fileVersion?: string;
  graphDef?: Uint8Array;
  summary?: { value: Value[] };
}
const decoded = <T>(type: string, bytes: Uint8Array): T => {
  const Type = root.lookupType(type);
  return Type.toObject(Type.decode(bytes), { longs: Number }) as T;
};

/** The events of a folder's only file, whose checksums are right. */
function eventsOf(run: string): Event[] {
  const [name, ...others] = readdirSync(run);
  expect(others).toEqual([]);
  expect(name).toMatch(/^events\.out\.tfevents\.\d+\..*\.v2$/);
  const bytes = readFileSync(join(run, name!));
  const events: Event[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    const record = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.subarray(at, at + length + 16)).toEqual(Buffer.from(recordOf(record)));
    events.push(decoded<Event>('Event', record));
    at += length + 16;
  }
  expect(events[0]).toMatchObject({ fileVersion: 'brain.Event:2' });
  return events.slice(1);
}

/** The curves of a run: steps and numbers by tag. */
function curvesOf(run: string): Record<string, [number, number][]> {
  const curves: Record<string, [number, number][]> = {};
  for (const { step = 0, summary: written } of eventsOf(run))
    for (const { tag, tensor, metadata } of written?.value ?? [])
      if (metadata.pluginData.pluginName === 'scalars')
        (curves[tag] ??= []).push([step, tensor.floatVal![0]!]);
  return curves;
}

describe('records and messages are those of TensorBoard', () => {
  it('the checksum is CRC-32C', () => expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283));

  it.each(Object.entries(fixture.records))('record of "%s"', (text, hex) =>
    expect(Buffer.from(recordOf(Buffer.from(text))).toString('hex')).toBe(hex),
  );

  it.each(Object.entries(fixture.events))('event: %s', (_, hex) => {
    const bytes = Buffer.from(hex, 'hex');
    // Everything in it has a name here, so that nothing is lost.
    expect(
      Buffer.from(root.lookupType('Event').encode(decoded<object>('Event', bytes)).finish()).toString('hex'),
    ).toBe(hex);
  });

  it('messages within them', () => {
    const { graphDef } = decoded<Event>('Event', Buffer.from(fixture.events['graph']!, 'hex'));
    expect(decoded('GraphDef', graphDef!)).toEqual({
      node: [
        {
          name: 'dense',
          op: 'Dense',
          input: ['input'],
          attr: { _output_shapes: { list: { shape: [{ dim: [{ size: -1 }] }] } } },
        },
      ],
      versions: { producer: 22 },
    });
    const hparams = decoded<Event>('Event', Buffer.from(fixture.events['hparams']!, 'hex')).summary!
      .value[0]!;
    expect(decoded('HParamsPluginData', hparams.metadata.pluginData.content!)).toEqual({
      sessionStartInfo: { hparams: { rate: { numberValue: 0.5 } }, startTimeSecs: 2 },
    });
  });
});

describe('createFileWriter', () => {
  it('writes scalars, histograms, images and texts in the order of the calls', async () => {
    const run = join(folder, 'deep', 'own');
    const writer = summary.createFileWriter(run);
    await Promise.all([
      writer.scalar('loss', 0.25, { step: 7 }),
      writer.histogram(
        'weights',
        [
          [1, 2],
          [2, 3],
          [10, NaN],
        ],
        { step: 1, buckets: 3 },
      ),
      writer.text('note', '**bold**', { step: 0 }),
      writer.image('dots', [[[[0], [1]]], [[[1], [0]]]], { step: 2, maxOutputs: 1 }),
    ]);
    await writer.close();
    const values = eventsOf(run).map(({ step = 0, summary: written }) => ({ step, ...written!.value[0]! }));
    expect(
      values.map(({ step, tag, metadata }) => [
        step,
        tag,
        metadata.pluginData.pluginName,
        metadata.dataClass,
      ]),
    ).toEqual([
      [7, 'loss', 'scalars', 1],
      [0, 'note', 'text', 2],
      [1, 'weights', 'histograms', 2],
      [2, 'dots', 'images', 3],
    ]);
    const [scalar, note, bars, image] = values;
    expect(scalar!.tensor.floatVal![0]).toBe(0.25);
    expect(Buffer.from(note!.tensor.stringVal![0]!).toString()).toBe('**bold**');
    // numpy.histogram([1, 2, 2, 3, 10], 3): [4, 0, 1], edges 1, 4, 7, 10.
    const rows = Buffer.from(bars!.tensor.tensorContent!);
    expect(Array.from({ length: 9 }, (_, i) => rows.readDoubleLE(8 * i))).toEqual([
      1, 4, 4, 4, 7, 0, 7, 10, 1,
    ]);
    expect(bars!.tensor.tensorShape).toEqual({ dim: [{ size: 3 }, { size: 3 }] });
    const [width, height, png, ...more] = image!.tensor.stringVal!.map((one) => Buffer.from(one));
    expect([String(width), String(height), png!.subarray(1, 4).toString(), more]).toEqual([
      '2',
      '1',
      'PNG',
      [],
    ]);
  });

  it('refuses what does not fit', async () => {
    expect(errorOf(() => summary.createFileWriter(''))).toMatchObject({ code: 'ARGUMENT' });
    const writer = summary.createFileWriter(join(folder, 'refused'));
    for (const wrong of [
      () => writer.scalar('a', 'high' as never, { step: 0 }),
      () => writer.scalar('', 1, { step: 0 }),
      () => writer.scalar('a', 1, { step: -1 }),
      () => writer.scalar('a', 1, {} as never),
      () => writer.scalar('a', 1, undefined as never),
      () => writer.scalar('a', 1, { step: 0, stp: 1 } as never),
      () => writer.histogram('a', [1], { step: 0, buckets: 0 }),
      () => writer.text('a', 1 as never, { step: 0 }),
      () => writer.hparams({ a: [1] as never }),
      () => writer.hparams(3 as never),
      () => writer.graph({} as never),
    ])
      expect(await rejectionOf(Promise.resolve().then(wrong))).toMatchObject({ code: 'ARGUMENT' });
    expect(await rejectionOf(writer.image('a', [[1]], { step: 0 }))).toMatchObject({ code: 'SHAPE' });
  });

  it('says that a file cannot be written, and goes on', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    const writer = summary.createFileWriter(join(path, 'run'));
    expect(await rejectionOf(writer.scalar('a', 1, { step: 0 }))).toMatchObject({ code: 'IO' });
    rmSync(path);
    await writer.scalar('a', 1, { step: 1 });
    await writer.close();
    expect(curvesOf(join(path, 'run'))).toEqual({ a: [[1, 1]] });
  });
});

describe('callbacks.tensorBoard', () => {
  const x = Array.from({ length: 12 }, (_, i) => [i / 12, 1 - i / 12]);
  const y = x.map(([a]) => [a! > 0.5 ? 1 : 0]);
  const made = () => {
    const model = new Sequential([
      layers.input({ shape: [2], name: 'given' }),
      layers.dense({ units: 3, activation: 'relu', name: 'hidden' }),
      layers.dense({ units: 1, activation: 'sigmoid', name: 'top' }),
    ]);
    model.compile({
      optimizer: optimizers.sgd({ learningRate: 0.5 }),
      loss: 'binaryCrossentropy',
      metrics: ['accuracy'],
    });
    return model;
  };
  const rounded = (numbers: number[] | undefined) =>
    numbers!.map((n, epoch): [number, number] => [epoch, Math.fround(n)]);

  it('writes the curves that fit gives, in the folders and with the tags of Keras', async () => {
    const logDir = join(folder, 'curves');
    const { history } = await made().fit(x, y, {
      epochs: 3,
      batchSize: 4,
      verbose: 0,
      validationData: [x, y],
      callbacks: [callbacks.tensorBoard({ logDir })],
    });
    expect(curvesOf(join(logDir, 'train'))).toEqual({
      epoch_loss: rounded(history['loss']),
      epoch_accuracy: rounded(history['accuracy']),
      epoch_learning_rate: rounded([0.5, 0.5, 0.5]),
    });
    expect(curvesOf(join(logDir, 'validation'))).toEqual({
      evaluation_loss_vs_iterations: rounded(history['val_loss']).map(([e, n]) => [3 * (e + 1), n]),
      evaluation_accuracy_vs_iterations: rounded(history['val_accuracy']).map(([e, n]) => [3 * (e + 1), n]),
      epoch_loss: rounded(history['val_loss']),
      epoch_accuracy: rounded(history['val_accuracy']),
    });
  });

  it('writes batches, steps a second, histograms, images, layers and hyperparameters', async () => {
    const logDir = join(folder, 'all');
    await made().fit(x, y, {
      epochs: 3,
      batchSize: 4,
      verbose: 0,
      callbacks: [
        callbacks.tensorBoard({
          logDir,
          updateFreq: 2,
          writeStepsPerSecond: true,
          histogramFreq: 2,
          writeImages: true,
          hparams: { rate: 0.5, net: 'dense', big: false },
        }),
      ],
    });
    const run = join(logDir, 'train');
    const curves = curvesOf(run);
    for (const tag of ['batch_loss', 'batch_accuracy', 'batch_steps_per_second'])
      expect(curves[tag]!.map(([step]) => step)).toEqual([2, 4, 6, 8]);
    expect(curves['epoch_steps_per_second']!.every(([, n]) => n > 0)).toBe(true);
    const events = eventsOf(run);
    const stepsOf = (tag: string) =>
      events.filter((event) => event.summary?.value[0]?.tag === tag).map(({ step = 0 }) => step);
    for (const weight of ['hidden/kernel', 'hidden/bias', 'top/kernel', 'top/bias'])
      for (const kind of ['histogram', 'image']) expect(stepsOf(`${weight}/${kind}`)).toEqual([0, 2]);
    const graph = decoded<{ node: { name: string; input?: string[] }[] }>(
      'GraphDef',
      events.find(({ graphDef }) => graphDef !== undefined)!.graphDef!,
    );
    expect(graph.node.map(({ name, input = [] }) => [name, input])).toEqual([
      ['given', []],
      ['hidden', ['given']],
      ['top', ['hidden']],
    ]);
    const start = events.find((event) => event.summary?.value[0]?.tag === '_hparams_/session_start_info')!;
    expect(decoded('HParamsPluginData', start.summary!.value[0]!.metadata.pluginData.content!)).toMatchObject(
      {
        sessionStartInfo: {
          hparams: { rate: { numberValue: 0.5 }, net: { stringValue: 'dense' }, big: { boolValue: false } },
        },
      },
    );
  });

  it('watches evaluate alone', async () => {
    const logDir = join(folder, 'evaluate');
    const logs = await made().evaluate(x, y, { verbose: 0, callbacks: [callbacks.tensorBoard({ logDir })] });
    expect(curvesOf(join(logDir, 'validation'))['evaluation_loss_vs_iterations']).toEqual([
      [0, Math.fround(logs['loss']!)],
    ]);
  });

  it('has a learning rate for each of several optimizers', async () => {
    const logDir = join(folder, 'several');
    const model = made();
    const [fast, slow] = [optimizers.sgd({ learningRate: 0.5 }), optimizers.adam({ learningRate: 0.25 })];
    const optimizer = optimizers.multiOptimizer({
      optimizerMap: (weight) => (weight.name.startsWith('top') ? slow : fast),
    });
    model.compile({ optimizer, loss: 'binaryCrossentropy' });
    await model.fit(x, y, { epochs: 1, verbose: 0, callbacks: [callbacks.tensorBoard({ logDir })] });
    const rates = Object.entries(curvesOf(join(logDir, 'train'))).filter(([tag]) =>
      tag.includes('learning_rate'),
    );
    expect(rates.map(([, curve]) => curve)).toEqual([[[0, 0.5]], [[0, 0.25]]]);
  });

  it.each([
    { logDir: '' },
    { logDir: 3 },
    { histogramFreq: -1 },
    { updateFreq: 0 },
    { updateFreq: 'step' },
    { writeGraph: 'yes' },
    { hparams: [1] },
    { profileBatch: 2 },
  ])('refuses %j', (options) => {
    expect(errorOf(() => callbacks.tensorBoard(options as never))).toMatchObject({
      code: expect.stringMatching(/ARGUMENT|ATTRIBUTE/) as string,
    });
  });
});
