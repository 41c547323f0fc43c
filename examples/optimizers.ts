/**
 * Four optimizers walk down the same valley: SGD, momentum, RMSprop and Adam.
 *
 * The valley f(x, y) = x²/20 + y² is flat along x and steep along y. Plain gradient descent with a rate that does not overshoot along y
 * crawls along x. Momentum gathers speed there; RMSprop and Adam divide by the size of past gradients, so that both directions count
 * alike. The pictures show the paths and the heights.
 *
 *     npm run example optimizers -- --steps 60
 */
import { compile, ops, optimizers, variable, visualization } from 'nodegrad';
import { example } from './support/example.js';

const { flags, out, figure } = example({ steps: '60' });
const steps = Number(flags.steps);

const height = (x: number, y: number) => (x * x) / 20 + y * y;
const walkers = {
  SGD: optimizers.sgd({ learningRate: 0.4 }),
  momentum: optimizers.sgd({ learningRate: 0.1, momentum: 0.9 }),
  RMSprop: optimizers.rmsprop({ learningRate: 0.2 }),
  Adam: optimizers.adam({ learningRate: 0.4 }),
};

const paths: Record<string, [number, number][]> = {};
const heights: Record<string, number[]> = {};
for (const [name, optimizer] of Object.entries(walkers)) {
  const at = variable([-7, 2]);
  const step = compile(() => {
    const value = ops.sum(ops.multiply(ops.square(at), [1 / 20, 1]));
    return { value, ...optimizer.minimize(value, [at]) };
  });
  paths[name] = [[-7, 2]];
  heights[name] = [height(-7, 2)];
  for (let i = 0; i < steps; i++) {
    await step();
    const [x, y] = await at.data();
    paths[name].push([x!, y!]);
    heights[name].push(height(x!, y!));
  }
  console.log(`${name.padEnd(9)} height ${heights[name].at(-1)!.toExponential(2)} after ${steps} steps`);
}

await visualization.plotSurface((x, y) => Math.sqrt(height(x, y)), {
  x: [-8, 4],
  y: [-3, 3],
  paths,
  title: 'paths in a valley',
  path: out('paths.svg'),
});
await visualization.plotLines(heights, {
  xLabel: 'step',
  yLabel: 'height',
  scale: 'log',
  path: out('heights.svg'),
});
for (const [name, list] of Object.entries(heights))
  figure(`${name}: height at the end over that at the begin`, list.at(-1)! / list[0]!, { atMost: 0.02 });
