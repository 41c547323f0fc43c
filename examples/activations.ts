/**
 * Activations and their slopes: sigmoid, tanh, ReLU, leaky ReLU.
 *
 * Without an activation layers are one linear map. What trains the layers before it is the slope: that of the sigmoid is at most 1/4,
 * that of ReLU 1 or 0. `grad` gives the slopes; here they are compared with differences of the function itself.
 *
 *     npm run example activations
 */
import { type Sym, activations, compile, grad, ops, visualization } from 'nodegrad';
import { example } from './support/example.js';

const { out, figure } = example({});

const x = Float32Array.from({ length: 161 }, (_, i) => (i - 80) / 20);
const functions = {
  sigmoid: activations.sigmoid,
  tanh: activations.tanh,
  ReLU: activations.relu,
  'leaky ReLU': activations.leakyRelu,
};

const values: Record<string, Float32Array> = {};
const slopes: Record<string, Float32Array> = {};
let worst = 0;
for (const [name, activation] of Object.entries(functions)) {
  const both = compile((at: Sym) => {
    const y = activation(at);
    return { y, slope: grad(ops.sum(y), [at])[0]! };
  });
  const { y, slope } = await both(x);
  values[name] = Float32Array.from(await y.data());
  slopes[name] = Float32Array.from(await slope.data());
  // (f(x + h) − f(x − h)) / 2h, but at the kink.
  for (let i = 1; i < x.length - 1; i++) {
    const difference = (values[name][i + 1]! - values[name][i - 1]!) / (x[i + 1]! - x[i - 1]!);
    if (Math.abs(x[i]!) > 0.06) worst = Math.max(worst, Math.abs(difference - slopes[name][i]!));
  }
}

await visualization.plotLines(values, {
  x,
  title: 'activations',
  yLabel: 'f(x)',
  path: out('functions.svg'),
});
await visualization.plotLines(slopes, { x, title: 'their slopes', yLabel: "f'(x)", path: out('slopes.svg') });
// Half a step of 0.05 on each side: h² / 6 times the third derivative, at most 2 for tanh, is 8e-4.
figure('largest distance between slopes and differences', worst, { atMost: 1e-3 });
