// The three ways to write a net, as a user of the installed package writes them. The test compiles this file to an ES module
// and, under the name train.cts, to CommonJS; both are run.
import {
  Model,
  NDArray,
  Sequential,
  compile,
  initializers,
  layers,
  ops,
  optimizers,
  tensor,
  variable,
  zeros,
} from 'nodegrad';
import type { Sym, Tensor } from 'nodegrad';

const COUNT = 48;
const images = new Uint8Array(COUNT * 12 * 12);
const labels = new Int32Array(COUNT);
for (let n = 0; n < COUNT; n += 1) {
  labels[n] = n % 3;
  // Class c is a bright band of rows: anything that learns at all tells them apart.
  images.fill(255, (n * 12 + (n % 3) * 4) * 12, (n * 12 + (n % 3) * 4 + 4) * 12);
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

async function sequential(): Promise<void> {
  const model = new Sequential([
    layers.input({ shape: [12, 12, 1] }),
    layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.dropout({ rate: 0.25 }),
    layers.flatten(),
    layers.dense({ units: 3, activation: 'softmax' }),
  ]);
  model.compile({
    optimizer: optimizers.adam(),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const history = await model.fit(images, labels, { batchSize: 16, epochs: 3, seed: 1, verbose: 0 });
  check(history.history['loss']?.length === 3, 'the history has one loss an epoch');
  const { loss, accuracy } = await model.evaluate(images, labels, { verbose: 0 });
  check(Number.isFinite(loss) && (accuracy ?? -1) >= 0, 'evaluate gives the loss and the accuracy');
  const probabilities: Tensor = await model.predict(images.slice(0, 2 * 144));
  check((await probabilities.data()).length === 6, 'predict gives two rows of three');
}

async function functional(): Promise<void> {
  const x = layers.input({ shape: [12, 12, 1] });
  const a = layers.conv2d({ filters: 4, kernelSize: 1 }).apply(x);
  const b = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(x);
  const model = new Model({ inputs: x, outputs: layers.concatenate().apply([a, b]) });
  const y = await model.predict(images.slice(0, 144));
  check(y.shape.join() === '1,12,12,8', `the branches are joined: ${y.shape.join()}`);
}

async function lowLevel(): Promise<void> {
  const w = variable(initializers.glorotUniform().tensor([144, 3]));
  const adam = optimizers.adam({ learningRate: 0.01 });
  const step = compile((x: Sym, y: Sym) => {
    const logits = ops.matmul(ops.divide(ops.cast(x, 'float32'), 255), w);
    const loss = ops.mean(ops.softmaxCrossEntropy(logits, y));
    return { loss, ...adam.minimize(loss, [w]) };
  });
  const oneHot = new Float32Array(COUNT * 3);
  labels.forEach((label, n) => (oneHot[n * 3 + label] = 1));
  const losses: number[] = [];
  for (let i = 0; i < 20; i += 1) {
    const { loss } = await step(new NDArray(images, [COUNT, 144]), new NDArray(oneHot, [COUNT, 3]));
    losses.push(await loss.item());
  }
  check(losses[19]! < losses[0]!, `the loss falls: ${losses.join()}`);
}

/** What the types promise, in the strictest settings. */
async function types(): Promise<void> {
  const whole: Int32Array = await tensor(
    [
      [1, 2],
      [3, 4],
    ],
    undefined,
    'int32',
  ).data();
  const sum = (await ops.add(zeros([2]), 1.5).data()).reduce((a, b) => a + b, 0);
  const rows: number[][] = await tensor([
    [1, 2],
    [3, 4],
  ]).array();
  const four = (
    await tensor([
      [1, 2],
      [3, 4],
    ]).array()
  )[1]?.[1];
  check(
    whole.length === 4 && sum === 3 && rows[1]?.[0] === 3 && four === 4,
    'numbers come as their types say',
  );
}

async function main(): Promise<void> {
  await types();
  await sequential();
  await functional();
  await lowLevel();
  console.log('trained');
}

// A failure is an unhandled rejection, which ends the process with an error.
void main();
