/**
 * A small transformer writes like Moby-Dick: attention in place of a memory.
 *
 * Each place looks at all places before it, with several heads, and adds what it finds to what it is; two such blocks, each with a dense
 * part. Since attention knows no order, each place has a vector of its number. The text, the task and the figure are those of `characters`.
 *
 *     npm run example transformer -- --epochs 4 --seed 1
 */
import { writeFile } from 'node:fs/promises';
import {
  Model,
  type Shape,
  type Sym,
  type Variable,
  initializers,
  layers,
  losses,
  ops,
  optimizers,
  setSeed,
  visualization,
} from 'nodegrad';
import { loadMobyDick } from './data/mobyDick.js';
import { Alphabet, bitsOf, pieces, write } from './support/characters.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '', seed: '1' });
const epochs = Number(flags.epochs || (quick ? 1 : 4));
const LENGTH = 64;
const FEATURES = quick ? 64 : 128;
setSeed(Number(flags.seed));

/** Adds a vector to each place: [n, steps, features] to the same. */
class Positions extends layers.Layer {
  readonly className = 'Positions';
  #vectors!: Variable;

  override build([, ...place]: Shape) {
    this.#vectors = this.addWeight({ name: 'vectors', shape: place, initializer: 'randomNormal' });
  }

  call(x: Sym) {
    return ops.add(x, this.#vectors);
  }
}

/** Attention to what came before, then a dense part, each added to its input. */
function block(input: layers.KerasTensor): layers.KerasTensor {
  const normal = layers.layerNormalization().apply(input);
  const seen = layers
    .multiHeadAttention({ numHeads: 4, keyDim: FEATURES / 4, useCausalMask: true })
    .apply([normal, normal]);
  const x = layers.add().apply([input, seen]);
  const wide = layers
    .dense({ units: 4 * FEATURES, activation: 'gelu' })
    .apply(layers.layerNormalization().apply(x));
  return layers.add().apply([x, layers.dense({ units: FEATURES }).apply(wide)]);
}

const text = await loadMobyDick();
const alphabet = new Alphabet(text);
const characters = alphabet.characters.length;
const ids = alphabet.encode(text);
const begin = Math.floor(ids.length * 0.9);
const train = pieces(ids.subarray(0, quick ? 320_000 : begin), LENGTH);
const unseen = pieces(ids.subarray(begin, quick ? begin + 20_000 : ids.length), LENGTH);

const inputs = layers.input({ shape: [LENGTH], dtype: 'uint8' });
// Large vectors, for what the blocks add to them should not drown which character it is.
const embeddingsInitializer = initializers.randomNormal({ stddev: 0.5 });
const vectors = layers.embedding({ inputDim: characters, outputDim: FEATURES, embeddingsInitializer });
let x = new Positions().apply(vectors.apply(inputs));
for (let i = 0; i < 2; i++) x = block(x);
const outputs = layers.dense({ units: characters }).apply(layers.layerNormalization().apply(x));
const model = new Model({ inputs, outputs });
const batchSize = quick ? 8 : 32;
const steps = epochs * Math.ceil(train.x.length / batchSize);
const learningRate = optimizers.schedules.cosineDecay({
  ...{ initialLearningRate: 0, warmupTarget: 0.003, warmupSteps: steps / 20, decaySteps: 0.95 * steps },
});
model.compile({
  optimizer: optimizers.adam({ learningRate }),
  loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }),
});
const history = await model.fit(train.x, train.y, {
  epochs,
  batchSize,
  verbose: quick ? 0 : 1,
  validationData: [unseen.x, unseen.y],
});
await visualization.plotHistory(history, { path: out('history.svg') });

const written = await write(model, alphabet, {
  ...{ begin: text.slice(begin, begin + LENGTH), length: LENGTH, count: quick ? 80 : 400, temperature: 0.7 },
});
console.log(written.replaceAll('\n', ' '));
await writeFile(out('sample.txt'), written);
figure('bits for each character of the end of the book', bitsOf(history.history['val_loss']!.at(-1)!), {
  atMost: quick ? 3.6 : 2.6,
});
