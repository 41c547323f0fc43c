import { type OptionNames, checkEach, expected, integer, knownOptions, oneOf } from '../base/checks.js';
import { REMAT_MODES, type RematMode, withRemat } from '../core/remat.js';

/** What {@link rematScope} takes. */
export interface RematScopeOptions {
  /**
   * `full`: each layer. `activations`: the activation of each layer. `largerThan`: layers whose outputs have more numbers than
   * `outputSizeThreshold`, of a batch of unknown size those of one sample. `listOfLayers`: those named in `layerNames`. `null`: none,
   * within another scope. Default `full`.
   */
  mode?: RematMode | null;
  /** Default 1024. */
  outputSizeThreshold?: number;
  /** Names of layers. Default none. */
  layerNames?: readonly string[];
}

const names = {
  mode: 'optional',
  outputSizeThreshold: 'optional',
  layerNames: 'optional',
} satisfies OptionNames<RematScopeOptions>;

/**
 * Calls a function within which layers are made whose gradients compute anew what the layers make, instead of keeping it: memory for
 * time, see {@link remat}. A model that is a layer of another counts as one layer; of others the layers count, not the whole. https://keras.io/api/utils/
 *
 * @param options Which layers. Default: all.
 * @param run Makes layers; what it makes later, asynchronously, is outside of the scope.
 * @returns What the function returns.
 * @throws EngineError `ARGUMENT` for another mode, a threshold that is no whole number, what is no function.
 * @example
 *     const block = rematScope({ mode: 'largerThan', outputSizeThreshold: 4096 }, () =>
 *       layers.conv2d({ filters: 64, kernelSize: 3, padding: 'same', activation: 'relu' }),
 *     );
 */
export function rematScope<R>(options: RematScopeOptions | undefined, run: () => R): R {
  knownOptions('rematScope', options, names);
  const { mode = 'full', outputSizeThreshold = 1024, layerNames = [] } = options ?? {};
  if (typeof run !== 'function') throw expected('rematScope', 'a function to run', run);
  checkEach(
    'rematScope',
    'a list of names of layers as layerNames',
    layerNames,
    (name) => typeof name === 'string',
  );
  if (mode === null) return withRemat(undefined, run);
  return withRemat(
    {
      mode: oneOf('rematScope', 'mode', mode, REMAT_MODES),
      outputSizeThreshold: integer('rematScope', 'outputSizeThreshold', outputSizeThreshold, 0),
      layerNames,
    },
    run,
  );
}
