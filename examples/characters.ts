/**
 * One character after the other: an LSTM learns to write like Moby-Dick.
 *
 * At each place of the text it says how likely each character is to follow. The last tenth of the book is held out; the figure is how many bits a
 * character there costs: all alike would cost log2(83) = 6.4, by their frequency alone 4.5. Then it writes on by itself: at a low
 * temperature it says what is most likely, at a high one it dares more.
 *
 *     npm run example characters -- --epochs 4 --seed 1
 */
import { writeFile } from 'node:fs/promises';
import { Sequential, layers, losses, optimizers, visualization } from 'nodegrad';
import { loadMobyDick } from './data/mobyDick.js';
import { Alphabet, bitsOf, pieces, write } from './support/characters.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '', seed: '1' });
const epochs = Number(flags.epochs || (quick ? 1 : 4));
const seed = Number(flags.seed);
const LENGTH = 64;

const text = await loadMobyDick();
const alphabet = new Alphabet(text);
const ids = alphabet.encode(text);
const begin = Math.floor(ids.length * 0.9);
const train = pieces(ids.subarray(0, quick ? 240_000 : begin), LENGTH);
const unseen = pieces(ids.subarray(begin, quick ? begin + 20_000 : ids.length), LENGTH);

const model = new Sequential(
  [
    layers.input({ shape: [LENGTH], dtype: 'uint8' }),
    layers.embedding({ inputDim: alphabet.characters.length, outputDim: 32 }),
    layers.lstm({ units: quick ? 128 : 256, returnSequences: true }),
    layers.dense({ units: alphabet.characters.length }),
  ],
  { seed },
);
model.compile({
  optimizer: optimizers.adam({ learningRate: 0.005 }),
  loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }),
});
const history = await model.fit(train.x, train.y, {
  epochs,
  batchSize: quick ? 16 : 32,
  verbose: quick ? 0 : 1,
  seed,
  validationData: [unseen.x, unseen.y],
});
await visualization.plotHistory(history, { path: out('history.svg') });

const start = text.slice(begin, begin + LENGTH);
let samples = `The book: …${start.replaceAll('\n', ' ')}\n`;
for (const temperature of [0.3, 0.7, 1]) {
  const written = await write(model, alphabet, {
    ...{ begin: start, length: LENGTH, count: quick ? 80 : 400, temperature },
  });
  samples += `Temperature ${temperature}: ${written.replaceAll('\n', ' ')}\n`;
}
console.log(samples);
await writeFile(out('samples.txt'), samples);
figure('bits for each character of the end of the book', bitsOf(history.history['val_loss']!.at(-1)!), {
  atMost: quick ? 3.4 : 2.6,
});
