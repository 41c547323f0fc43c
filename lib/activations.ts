import * as ops from './ops/index.js';
import { choose } from './names.js';
import type { Sym } from './sym.js';

/** A function of a symbolic value that keeps its shape. */
export type ActivationFunction = (x: Sym) => Sym;

const table = {
  linear: (x: Sym) => x,
  relu: (x: Sym) => ops.relu(x),
  leakyRelu: (x: Sym) => ops.leakyRelu(x),
  elu: (x: Sym) => ops.elu(x),
  gelu: (x: Sym) => ops.gelu(x, { approximate: false }),
  sigmoid: (x: Sym) => ops.sigmoid(x),
  tanh: (x: Sym) => ops.tanh(x),
  softplus: (x: Sym) => ops.softplus(x),
  softmax: (x: Sym) => ops.softmax(x),
  logSoftmax: (x: Sym) => ops.logSoftmax(x),
} satisfies Record<string, ActivationFunction>;

/** The names that layers take for `activation`. */
export type ActivationName = keyof typeof table;

/**
 * The activation of a name, or the function itself.
 *
 * @throws EngineError `ARGUMENT` for an unknown name, telling the nearest.
 */
export function activationOf(
  activation: ActivationName | ActivationFunction | undefined,
): ActivationFunction {
  if (typeof activation === 'function') return activation;
  return choose<ActivationFunction>('activation', activation ?? 'linear', table);
}
