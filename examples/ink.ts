/**
 * Ink or no ink: patches of a microscopic slide on which somebody has drawn with a pen.
 *
 * What is under ink cannot be judged, so patches with ink are sorted out before tissue is looked at. The slide is real, the strokes are drawn
 * here. The net learns from the left part of the slide and is asked about the right one, on which other strokes are.
 *
 *     npm run example ink -- --epochs 10 --seed 2
 */
import { NDArray, Sequential, layers, ops, visualization } from 'nodegrad';
import { columns, inked, loadSlide, patches } from './data/slide.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '', drawings: '', seed: '1' });
const epochs = Number(flags.epochs || (quick ? 5 : 15));
const drawings = Number(flags.drawings || (quick ? 4 : 8));
const seed = Number(flags.seed);
const SIZE = 32;
/** A patch with less ink than this, but some, is neither the one nor the other: the net does not see it. */
const ENOUGH = 0.15;

const slide = await loadSlide();
const [left, right] = [columns(slide, 0, 320), columns(slide, 320, 500)];
const draw = (part: NDArray, count: number, from: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => inked(part, from + i)));

/** Patches with ink or without, and which is which. */
function samples({ images, shares }: ReturnType<typeof patches>) {
  const kept = images.flatMap((image, i) =>
    shares[i] === 0 || shares[i]! >= ENOUGH ? [{ image, label: Number(shares[i]! > 0) }] : [],
  );
  return {
    x: ops.stack(kept.map(({ image }) => image)),
    y: Float32Array.from(kept, ({ label }) => label),
  };
}
const unseenSlides = await draw(right, 4, 1000 * seed);
const seen = samples(patches(await draw(left, drawings, 1000 * seed + 500), SIZE, 16));
const unseen = samples(patches(unseenSlides, SIZE, 16));

const block = (filters: number) => [
  layers.conv2d({ filters, kernelSize: 3, activation: 'relu' }),
  layers.maxPooling2d({ poolSize: 2 }),
];
const model = new Sequential(
  [
    layers.input({ shape: [SIZE, SIZE, 3] }),
    layers.rescaling({ scale: 1 / 127.5, offset: -1 }),
    layers.randomFlip({ mode: 'horizontalAndVertical', seed }),
    ...block(16),
    ...block(32),
    layers.globalMaxPooling2d(),
    layers.dropout({ rate: 0.25 }),
    layers.dense({ units: 1, activation: 'sigmoid' }),
  ],
  { seed },
);
model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy'] });
const history = await model.fit(seen.x, seen.y, {
  epochs,
  batchSize: 16,
  seed,
  validationData: [unseen.x, unseen.y],
});
await visualization.plotHistory(history, { path: out('history.svg') });

// A whole slide, patch after patch: what the net would throw away.
const [shown] = unseenSlides as [(typeof unseenSlides)[number]];
const tiles = patches([shown], SIZE, SIZE);
const answers = await (await model.predict(ops.stack(tiles.images))).data();
await visualization.plotImageGallery(ops.stack(tiles.images), {
  yTrue: tiles.shares.map((share) => (share === 0 ? 0 : share < ENOUGH ? 2 : 1)),
  yPred: Array.from(answers, (p) => Number(p > 0.5)),
  labelMap: ['tissue', 'ink', 'some'],
  cols: Math.floor(right.shape[1]! / SIZE),
  scale: 1.1,
  path: out('slide.png'),
});
const { accuracy } = await model.evaluate(unseen.x, unseen.y, { verbose: 0 });
const share = unseen.y.reduce((a, b) => a + b) / unseen.y.length;
console.log(`${unseen.y.length} patches to test with, ${(100 * share).toFixed(0)} % of them with ink`);
figure('accuracy on patches of the other part', accuracy!, { atLeast: quick ? 0.8 : 0.9 });
