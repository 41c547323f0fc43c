import { type OptionNames, isPlainObject } from '../base/checks.js';
import { isConfig } from '../base/registry.js';
import { type Data, isBatches } from '../data/batches.js';
import type { DtypePolicy } from '../core/dtypePolicy.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import { Layer, type LayerOptions } from '../layers/layer.js';
import type { OptimizerLike } from '../optimizers/registry.js';
import { type FitData, type ObjectiveOptions, objectiveNames } from '../training/index.js';
import type { OutputStructure } from './structure.js';

/** What every model takes. */
export interface ModelBaseOptions extends LayerOptions {
  /** How its steps compute, `float32` or `mixedBfloat16`. Default: the policy that `mixedPrecision.setDtypePolicy` has set. */
  dtypePolicy?: DtypePolicy;
}

/** What a model of connected layers takes. */
export interface ModelOptions<S extends OutputStructure = OutputStructure> extends ModelBaseOptions {
  /** What `layers.input` gave, or outputs of layers from which on the model is made; one or a list. */
  inputs: KerasTensor | readonly KerasTensor[];
  /** One output of a layer, a list or a record: predictions come in the same structure. */
  outputs: S;
}

/** What a subclass with its own `call` hands to its super constructor. */
export interface UnconnectedOptions extends ModelBaseOptions {
  /** None: the input is that of the first data. */
  inputs?: undefined;
  /** None: they are what `call` returns. */
  outputs?: undefined;
}

/** A shape with the batch first, which is not known: null or -1. */
export type BatchShape = readonly (number | null)[];

/** What `compile` takes. */
export interface CompileOptions extends ObjectiveOptions {
  /** What changes the weights: an optimizer or its name, such as `'adam'`. Default `rmsprop`. */
  optimizer?: OptimizerLike;
}

export const compileNames = {
  ...objectiveNames,
  optimizer: 'optional',
} satisfies OptionNames<CompileOptions>;

export const modelNames = {
  inputs: 'optional',
  outputs: 'optional',
  dtypePolicy: 'optional',
  ...Layer.optionNames,
} satisfies OptionNames<Partial<ModelOptions>>;

/** Names for outputs that are known from their losses alone. */
export function namesOfLosses({ loss }: CompileOptions): readonly string[] {
  if (Array.isArray(loss)) return loss.map((_, i) => `output_${i + 1}`);
  const isRecord = isPlainObject(loss) && !isConfig(loss);
  return isRecord ? Object.keys(loss) : ['output'];
}

/** An iterable brings its own targets: the options may come in their place. */
export function argumentsOf<O extends object>(x: FitData, y: Data | O | undefined, options: O | undefined) {
  if (isBatches(x) && options === undefined && y !== undefined) return { y: undefined, options: y as O };
  return { y: y as Data | undefined, options: options ?? ({} as O) };
}
