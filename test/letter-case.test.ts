import { initializers, layers, ops, tensor, utils, zeros } from '../lib/index.js';
import { describe, expect, it } from 'vitest';
import { layerCases } from './cases/classes.js';
import { type Class, make } from './support/classModels.js';

/** The layers whose padding is a name that Keras lower-cases. */
const PADDED = /^(.*Conv|ConvLSTM|AveragePooling|MaxPooling)/;

interface Configurable {
  getConfig(): Record<string, unknown>;
}
const configOf = (name: string, options: object): unknown => {
  const made = make((layers as unknown as Record<string, Class<Configurable>>)[name]!, {
    ...(layerCases[name]?.options as object),
    ...options,
    name: 'one',
  });
  return made.getConfig();
};
const takes = (option: string) =>
  Object.keys(layerCases).filter((name) => {
    const { optionNames } = (layers as unknown as Record<string, { optionNames: object }>)[name]!;
    return option in optionNames && typeof layerCases[name]?.options !== 'function';
  });

/** Keras calls `lower()` on these, as of 3.15.1. */
describe('letters count in any case, as in Keras, in', () => {
  it.each(takes('dataFormat'))('the data format of %s', (name) => {
    for (const dataFormat of ['channelsFirst', 'channelsLast'])
      expect(configOf(name, { dataFormat: dataFormat.toUpperCase() })).toEqual(
        configOf(name, { dataFormat }),
      );
    expect(() => configOf(name, { dataFormat: 'CHANNELS' })).toThrow(/dataFormat, received 'CHANNELS'/);
  });

  it.each(takes('padding').filter((name) => PADDED.test(name)))('the padding of %s', (name) => {
    const paddings = name === 'Conv1D' ? ['valid', 'same', 'causal'] : ['valid', 'same'];
    for (const padding of paddings)
      expect(configOf(name, { padding: padding.toUpperCase() })).toEqual(configOf(name, { padding }));
    expect(() => configOf(name, { padding: 'SAMES' })).toThrow(/padding, received 'SAMES'/);
  });

  it('paddings and data formats of ops', async () => {
    const x = tensor(
      Array.from({ length: 24 }, (_, i) => i % 7),
      [1, 2, 3, 4],
    );
    const kernel = tensor(
      Array.from({ length: 24 }, (_, i) => i % 5),
      [2, 2, 2, 3],
    );
    const small = { padding: 'same', dataFormat: 'channelsFirst' } as const;
    const large = { padding: 'SAME' as 'same', dataFormat: 'CHANNELSFIRST' as 'channelsFirst' };
    const each: ((names: typeof small) => { array(): Promise<unknown> })[] = [
      (names) => ops.conv(x, kernel, names),
      (names) => ops.depthwiseConv(x, kernel, names),
      (names) => ops.separableConv(x, kernel, zeros([1, 1, 6, 2]), names),
      (names) => ops.convTranspose(x, ops.transpose(kernel, [0, 1, 3, 2]), names),
      (names) => ops.maxPool(x, { poolSize: 2, ...names }),
      (names) => ops.averagePool(x, { poolSize: 2, ...names }),
      ({ dataFormat }) => ops.biasAdd(x, tensor([1, 2]), { dataFormat }),
      ({ dataFormat }) => ops.upSampling(x, { dataFormat }),
      ({ dataFormat }) => ops.globalMaxPool(x, { dataFormat }),
      ({ dataFormat }) => ops.adaptiveMaxPool(x, { outputSize: 2, dataFormat }),
      ({ dataFormat }) => ops.image.resize(x, [2, 2], { dataFormat }),
      ({ dataFormat }) => ops.image.extractPatches(x, 2, { dataFormat }),
    ];
    for (const run of each)
      expect(await run(large as unknown as typeof small).array()).toEqual(await run(small).array());
  });

  it('interpolations of UpSampling2D, distributions, formats of boxes, and images of arrays', async () => {
    expect(configOf('UpSampling2D', { interpolation: 'Bilinear' })).toMatchObject({
      interpolation: 'bilinear',
    });
    const distribution = 'Truncated_Normal'.replace('_', '') as 'truncatedNormal';
    expect(initializers.varianceScaling({ distribution }).getConfig()).toMatchObject({
      distribution: 'truncatedNormal',
    });
    const { convertFormat } = utils.boundingBoxes;
    const boxes = convertFormat([[10, 20, 30, 40]], 'XYXY' as 'xyxy', 'XYWH' as 'xywh');
    expect(await boxes.array()).toEqual([[10, 20, 20, 20]]);
    const dataFormat = 'CHANNELSFIRST' as 'channelsFirst';
    expect(utils.imgToArray(zeros([2, 3, 1]), { dataFormat }).shape).toEqual([1, 2, 3]);
    expect(utils.arrayToImg(zeros([1, 2, 3]), { dataFormat })).toMatchObject({ shape: [2, 3, 1] });
  });

  it('no other names', () => {
    expect(() => configOf('STFTSpectrogram', { padding: 'SAME' })).toThrow(/padding/);
    expect(() => configOf('Resizing', { interpolation: 'Bilinear' })).toThrow(/interpolation/);
    expect(() => initializers.varianceScaling({ mode: 'FANIN' as 'fanIn' })).toThrow(/mode/);
    expect(() =>
      ops.image.resize(zeros([1, 2, 2, 1]), [3, 3], { interpolation: 'BILINEAR' as 'bilinear' }),
    ).toThrow(/interpolation/);
  });
});
