/**
 * Overfitting, shown and cured: a large net learns a hundred handwritten digits by heart.
 *
 * The training loss goes to 0 while the validation loss turns and rises: the net remembers instead of seeing what is common. Three cures:
 * to stop where the validation loss was least, to drop half of the units in each step, to keep the weights small. The curves stand
 * next to each other. Dropout makes more answers right, but trained for so long the net is sure of the wrong ones, too: its loss rises,
 * while its accuracy does not fall.
 *
 *     npm run example overfitting -- --epochs 300
 */
import { Sequential, callbacks, datasets, layers, optimizers, visualization } from 'nodegrad';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '' });
const epochs = Number(flags.epochs || (quick ? 120 : 300));
const { train, test } = await datasets.mnist();
const [x, y] = [train.images.slice(0, 100), train.labels.slice(0, 100)];
const [unseen, truth] = [test.images.slice(0, 2000), test.labels.slice(0, 2000)];

interface Cure {
  readonly dropout?: number;
  readonly l2?: boolean;
  readonly stop?: boolean;
}
const cures: Record<string, Cure> = {
  none: {},
  'early stopping': { stop: true },
  dropout: { dropout: 0.5 },
  L2: { l2: true },
};

const validation: Record<string, readonly number[]> = {};
const ends: Record<string, { loss: number; accuracy: number }> = {};
for (const [name, { dropout = 0, l2 = false, stop = false }] of Object.entries(cures)) {
  const hidden = () => [
    layers.dense({ units: 256, activation: 'relu', ...(l2 && { kernelRegularizer: 'l2' as const }) }),
    layers.dropout({ rate: dropout }),
  ];
  const model = new Sequential(
    [
      layers.input({ shape: x.shape.slice(1) }),
      layers.rescaling({ scale: 1 / 255 }),
      layers.flatten(),
      ...hidden(),
      ...hidden(),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
    { seed: 1 },
  );
  model.compile({
    optimizer: optimizers.adam({ learningRate: 0.002 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy', 'sparseCategoricalCrossentropy'],
  });
  const history = await model.fit(x, y, {
    epochs,
    verbose: 0,
    seed: 1,
    validationData: [unseen, truth],
    callbacks: stop ? [callbacks.earlyStopping({ patience: 10, restoreBestWeights: true })] : [],
  });
  await visualization.plotHistory(history, {
    metrics: ['sparseCategoricalCrossentropy', 'accuracy'],
    title: name,
    path: out(`${name.replace(' ', '-')}.svg`),
  });
  validation[name] = history.history['val_sparseCategoricalCrossentropy']!;
  const { sparseCategoricalCrossentropy: loss, accuracy } = await model.evaluate(unseen, truth, {
    verbose: 0,
  });
  ends[name] = { loss: loss!, accuracy: accuracy! };
  console.log(`${name.padEnd(15)} test loss ${loss!.toFixed(3)}   accuracy ${accuracy!.toFixed(3)}`);
}
await visualization.plotLines(validation, {
  xLabel: 'epoch',
  yLabel: 'validation loss',
  path: out('compared.svg'),
});
const none = validation['none']!;
figure('validation loss at the end over its least, without a cure', none.at(-1)! / Math.min(...none), {
  atLeast: 1.02,
});
const best = Math.min(...['early stopping', 'dropout', 'L2'].map((name) => ends[name]!.loss));
figure('test loss of the best cure over that without', best / ends['none']!.loss, { atMost: 0.98 });
