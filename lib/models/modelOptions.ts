import { type OptionNames, isPlainObject } from '../base/checks.js';
import { isConfig } from '../base/registry.js';
import { type Data, isBatches } from '../data/batches.js';
import type { DtypePolicy } from '../core/dtypePolicy.js';
import type { DeviceName } from '../engine/devices.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import { Layer, type LayerOptions } from '../layers/layer.js';
import type { OptimizerLike } from '../optimizers/registry.js';
import { type FitData, type ObjectiveOptions, objectiveNames } from '../training/index.js';
import type { OutputStructure } from './structure.js';

/** What every model takes. */
export interface ModelBaseOptions extends LayerOptions {
  /** How its steps compute, `float32`, `tensorFloat32` or `mixedBfloat16`. Default: the policy that `mixedPrecision.setDtypePolicy` has set. */
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
  /**
   * Whether each step is traced anew on its batch, so that a breakpoint or `console.log` in a layer or a step sees its numbers
   * (`value.dataSync()`): slow, for debugging. The results are the same. Default false.
   */
  runEagerly?: boolean;
  /**
   * After how many steps callbacks on batches are called, a positive integer: these steps are queued together. Without such callbacks
   * many steps are queued at once anyway. Default 1.
   */
  stepsPerExecution?: number;
  /**
   * Whether an optimizer scales the loss where the policy is float16. There is no such policy here (bfloat16 has the range of float32):
   * it changes nothing. Default true.
   */
  autoScaleLoss?: boolean;
  /**
   * Where the model's steps run, `cpu`, `cuda`, or `cuda:1` and so on of several GPUs; it is not saved with the model. Default: the device that `setDevice` has set when a
   * step is traced.
   */
  device?: DeviceName;
}

export const compileNames = {
  ...objectiveNames,
  optimizer: 'optional',
  runEagerly: 'boolean',
  stepsPerExecution: 'optional',
  autoScaleLoss: 'boolean',
  device: 'optional',
} satisfies OptionNames<CompileOptions>;

/** What `getLayer` takes: one of both. */
export interface GetLayerOptions {
  /** The layer's name. */
  name?: string;
  /** Its place in `layers`, from 0; from the end where it is negative. */
  index?: number;
}

export const getLayerNames = { name: 'string', index: 'optional' } satisfies OptionNames<GetLayerOptions>;

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
