/**
 * Fine-tuning: a net that has seen very many pictures learns from very few.
 *
 * VGG16's first blocks come with weights from a training on photographs. Five pictures of each texture, upright and in one light, are all that
 * there is to learn from; the net is tested on pictures that are turned, brighter or darker. First its convolutions are frozen, and a head
 * learns from what they see; then all of it is trained with a small learning rate. The same is done with random weights, to compare.
 *
 *     npm run example fine-tuning -- --pictures 10 --blocks 4
 */
import { Model, NDArray, applications, layers, optimizers, setSeed, utils, visualization } from 'nodegrad';
import { textureNames, writeTextures } from './data/textures.js';
import { loadVgg16 } from './data/vgg16.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ pictures: '5', blocks: '3', seed: '1' });
const [count, blocks, seed] = [Number(flags.pictures), Number(flags.blocks), Number(flags.seed)];
const side = 32;
const inputShape = [side, side, 3];
await writeTextures(out('train'), { count, side, half: 'left', seed });
await writeTextures(out('test'), {
  count: quick ? 20 : 40,
  side,
  half: 'right',
  turn: 180,
  light: 0.4,
  seed: 1,
});

/** The pictures of a folder, as VGG16 takes them: blue, green, red, without their mean. */
async function pictures(part: string) {
  const options = { imageSize: side, batchSize: 1000, shuffle: false, verbose: false } as const;
  const [batch] = await (await utils.imageDatasetFromDirectory(out(part), options)).toArray();
  const [images, labels] = batch!;
  return {
    images,
    x: applications.preprocessInput(new NDArray(Float32Array.from(images.data), images.shape)),
    y: labels,
  };
}
const [train, test] = [await pictures('train'), await pictures('test')];

/** The accuracies of a net: with its convolutions frozen, and then with all of it trained. */
async function tuned(pretrained: boolean) {
  setSeed(seed);
  const base = await applications.vgg16({ weights: null, includeTop: false, inputShape });
  if (pretrained) await loadVgg16(base, blocks);
  base.trainable = false;
  // Without the later blocks, which have learned of whole things.
  const cut = base.getLayer({ name: `block${blocks}_pool` }).output as layers.KerasTensor;
  const pooled = layers.globalAveragePooling2d().apply(cut);
  const scaled = layers.batchNormalization({ momentum: 0.9, epsilon: 1e-12 }).apply(pooled);
  const outputs = layers.dense({ units: textureNames.length, activation: 'softmax' }).apply(scaled);
  const model = new Model({ inputs: base.inputs[0]!, outputs });
  const fit = async (learningRate: number, epochs: number) => {
    model.compile({
      optimizer: optimizers.adam({ learningRate }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    await model.fit(train.x, train.y, { epochs, batchSize: 32, verbose: 0 });
    const { accuracy } = await model.evaluate(test.x, test.y, { verbose: 0 });
    return accuracy!;
  };
  const frozen = await fit(0.01, 20);
  base.trainable = true;
  const whole = await fit(1e-5, 5);
  console.log(
    `${pretrained ? 'pretrained' : 'random    '} frozen ${frozen.toFixed(3)}   whole ${whole.toFixed(3)}`,
  );
  return { model, frozen, whole };
}
const random = await tuned(false);
const pretrained = await tuned(true);
await visualization.plotImageGallery(test.images, {
  yTrue: test.y,
  yPred: await pretrained.model.predict(test.x),
  labelMap: textureNames,
  cols: 20,
  path: out('textures.png'),
});
// Seeds 1 to 5 give 0.517 to 0.558 and 0.083 to 0.308 with --quick. The bounds are the least of them, less 4 of 120 pictures: other
// instruction sets round otherwise.
figure('accuracy with pretrained weights', pretrained.whole, { atLeast: 0.48 });
figure('what they add to random ones', pretrained.whole - random.whole, { atLeast: 0.05 });
