import { expected } from '../base/checks.js';
import { KerasTensor } from '../core/kerasTensor.js';

/**
 * The inputs that an output of layers is made from, depth first. https://keras.io/api/utils/
 *
 * @param tensor What `layers.input` or a layer that was applied to it gave.
 * @throws EngineError `ARGUMENT` for anything else.
 * @example
 *     const x = layers.input({ shape: [4] });
 *     utils.getSourceInputs(layers.relu().apply(layers.dense({ units: 2 }).apply(x))); // [x]
 */
export function getSourceInputs(tensor: KerasTensor): readonly KerasTensor[] {
  if (!((tensor as unknown) instanceof KerasTensor)) {
    throw expected('getSourceInputs', 'an output of layers', tensor);
  }
  const seen = new Set<KerasTensor>();
  const found: KerasTensor[] = [];
  const waiting = [tensor];
  for (let tensor = waiting.pop(); tensor !== undefined; tensor = waiting.pop()) {
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    const { inputs } = tensor.node;
    if (inputs.length === 0) found.push(tensor);
    waiting.push(...[...inputs].reverse());
  }
  return found;
}
