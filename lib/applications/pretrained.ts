import type { OptionNames } from '../base/checks.js';
import type { Model } from '../models/index.js';
import {
  type ApplicationOptions,
  type Architecture,
  applicationNames,
  applicationOf,
} from './application.js';

/** What every function of `applications` takes. */
export interface PretrainedOptions extends ApplicationOptions {
  /** The path of a file of weights, as `model.loadWeights` takes it, or null for random ones. Default null. */
  weights?: string | null;
}

/** The names of {@link PretrainedOptions}. */
export const pretrainedNames = {
  ...applicationNames,
  weights: 'optional',
} satisfies OptionNames<PretrainedOptions>;

/** Makes a net's model and reads its weights. */
export async function pretrained(
  who: string,
  architecture: Architecture,
  options: PretrainedOptions = {},
  names: object = pretrainedNames,
): Promise<Model> {
  const model = applicationOf(who, architecture, options, names);
  const { weights = null } = options;
  if (weights !== null) await model.loadWeights(weights);
  return model;
}
