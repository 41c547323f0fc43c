// A model of each layer goes through each format of files, and comes back as it was: bit for bit, with its optimizer's state where the format
// has it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type Model,
  NDArray,
  type OutputStructure,
  type Tensor,
  layers,
  loadModel,
  modelFromJson,
} from '../lib/index.js';
import { firstOf, sizeOf } from '../lib/base/list.js';
import { type LayerCase, layerCases } from './cases/classes.js';
import { type Class, make, modelOf, ofBatch, samples } from './support/classModels.js';
import { rejectionOf } from './support/run.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-round-trips-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Why TensorFlow.js cannot have a row of the table: it lacks the class, or what the row says of it. */
const NOT_OF_TFJS: Readonly<Record<string, RegExp>> = {
  AlphaDropout: /noise_shape/,
  Attention: /use_causal_mask/,
  Conv1D: /causal/,
  ELU: /alpha/,
  GRU: /reset_after/,
  GRUCell: /cells within RNN/,
  GlobalAveragePooling2D: /keepdims/,
  GlobalMaxPooling2D: /keepdims/,
  LSTMCell: /cells within RNN/,
  MultiHeadAttention: /use_causal_mask/,
  RNN: /reset_after/,
  ReLU: /negative_slope/,
  SimpleRNNCell: /cells within RNN/,
  StackedRNNCells: /cells within RNN/,
  UpSampling2D: /bilinear/,
  ...Object.fromEntries(
    (
      'ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D ' +
      'AdaptiveMaxPooling2D AdaptiveMaxPooling3D AdditiveAttention AugMix AutoContrast CategoryEncoding CenterCrop ' +
      'ContrastLimitedAdaptiveHistogramEqualization Conv1DTranspose ConvLSTM1D ConvLSTM3D Cropping1D Cropping3D CutMix ' +
      'DepthwiseConv1D Discretization EinsumDense Equalization GlobalAveragePooling3D GlobalMaxPooling3D GroupNormalization ' +
      'GroupQueryAttention Identity Lambda MaxNumBoundingBoxes MelSpectrogram MixUp Normalization RMSNormalization RandAugment ' +
      'RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing ' +
      'RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation ' +
      'RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom Resizing ReversibleEmbedding STFTSpectrogram ' +
      'SeparableConv1D Solarization SpatialDropout2D SpatialDropout3D SpectralNormalization Subtract UnitNormalization ' +
      'UpSampling1D UpSampling3D ZeroPadding1D ZeroPadding3D'
    )
      .split(' ')
      .map((name) => [name, /layers that TensorFlow\.js has/]),
  ),
};

const classes = layers as unknown as Record<string, Class<layers.Layer>>;
type AnyModel = Model<OutputStructure>;

/** A model that has made a step, where it can. */
async function trained(name: string, row: LayerCase): Promise<AnyModel> {
  const model = modelOf(make(classes[name]!, row.options), row) as AnyModel;
  const isTrained =
    model.trainableWeights.length > 0 && model.outputs.every(({ dtype }) => dtype === 'float32');
  if (!isTrained) return model;
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  const y = ofBatch(row.y, 3).map((shape) => new NDArray(new Float32Array(sizeOf(shape)), shape));
  const x = samples(row, 3);
  await model.trainOnBatch(x.length === 1 ? firstOf(x) : x, y.length === 1 ? firstOf(y) : y);
  return model;
}

const bytesOf = async (values: readonly { data(): Promise<ArrayBufferView> }[]) =>
  Promise.all(
    values.map(async (value) => {
      const { buffer, byteOffset, byteLength } = await value.data();
      return Buffer.from(buffer, byteOffset, byteLength).toString('hex');
    }),
  );

async function expectEqual(again: AnyModel, model: AnyModel, row: LayerCase, hasOptimizer: boolean) {
  expect(await bytesOf(again.weights)).toEqual(await bytesOf(model.weights));
  const predicted = async (one: AnyModel) =>
    bytesOf([(await one.predictOnBatch(samples(row, 3))) as Tensor | Tensor[]].flat());
  expect(await predicted(again)).toEqual(await predicted(model));
  if (!hasOptimizer || !model.compiledOptimizer) return;
  expect(await bytesOf(again.compiledOptimizer!.variables)).toEqual(
    await bytesOf(model.compiledOptimizer.variables),
  );
}

describe.each(Object.entries(layerCases))('%s', (name, row) => {
  it.each(['.keras', '.h5'])('as a model in %s', async (ending) => {
    const model = await trained(name, row);
    const path = join(folder, `${name}${ending}`);
    await model.save(path);
    await expectEqual(await loadModel(path, { safeMode: false }), model, row, true);
  });

  it.each(['.weights.h5', '.weights-by-layers.h5', '.safetensors'])('as weights in %s', async (ending) => {
    const model = await trained(name, row);
    const path = join(folder, `${name}${ending}`);
    await model.saveWeights(path);
    const again = modelFromJson(JSON.stringify(model));
    await again.loadWeights(path);
    await expectEqual(again, model, row, ending === '.weights.h5');
  });

  it('as a model of TensorFlow.js, where that has it', async () => {
    const model = await trained(name, row);
    const path = join(folder, `${name}.json`);
    const reason = NOT_OF_TFJS[name];
    if (reason) {
      expect(await rejectionOf(model.save(path))).toMatchObject({
        code: 'ARGUMENT',
        message: expect.stringMatching(reason) as string,
      });
      return;
    }
    await model.save(path);
    await expectEqual(await loadModel(path), model, row, false);
  });
});

it('the table of what TensorFlow.js cannot have names rows alone', () => {
  expect(Object.keys(NOT_OF_TFJS).filter((name) => !(name in layerCases))).toEqual([]);
});
