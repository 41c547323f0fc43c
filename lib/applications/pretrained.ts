import { type OptionNames, expected } from '../base/checks.js';
import { type PublishedOptions, publishedOptions, readPublished } from '../datasets/published.js';
import type { Model } from '../models/index.js';
import { loadLayerWeights } from '../models/modelFiles.js';
import {
  type ApplicationOptions,
  type Architecture,
  applicationNames,
  applicationOf,
} from './application.js';
import { weightFile } from './weightFiles.js';

/** What every function of `applications` takes. */
export interface PretrainedOptions extends ApplicationOptions {
  /**
   * The path of a file of weights, as `model.loadWeights` takes it; `imagenet` for those that Keras publishes, of the cache or downloaded and
   * checked; or null for random ones. Default null, unlike Keras: nothing is downloaded that was not asked for.
   */
  weights?: 'imagenet' | (string & {}) | null;
  /** Where downloaded files are kept. Default: `$NODEGRAD_CACHE/models`, else `~/.cache/nodegrad/models`; Keras's cache is read, too. */
  cacheFolder?: string;
  /** Ends the download with the error `ABORTED`. Default: none. */
  signal?: AbortSignal;
}

/** The names of {@link PretrainedOptions}. */
export const pretrainedNames = {
  ...applicationNames,
  weights: 'optional',
  cacheFolder: 'string',
  signal: 'optional',
} satisfies OptionNames<PretrainedOptions>;

/** Makes a net's model and reads its weights. */
export async function pretrained(
  who: string,
  architecture: Architecture,
  options: PretrainedOptions = {},
  names: object = pretrainedNames,
): Promise<Model> {
  publishedOptions(who, options, names);
  const { weights = null } = options;
  if (weights !== null && typeof weights !== 'string')
    throw expected(who, "'imagenet', the path of a file or null as weights", weights);
  const file = weights === 'imagenet' ? published(who, architecture, options) : undefined;
  const model = applicationOf(who, architecture, options, names);
  try {
    if (file) {
      const { cacheFolder, signal } = options;
      const from: PublishedOptions = {
        ...(cacheFolder !== undefined && { cacheFolder }),
        ...(signal && { signal }),
      };
      const { place, bytes } = await readPublished(who, file, from);
      await loadLayerWeights(who, place, bytes, model);
    } else if (weights !== null) await model.loadWeights(weights);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/** The file of the weights of ImageNet. @throws EngineError `ARGUMENT` where there is none for a net of these options. */
function published(who: string, architecture: Architecture, options: PretrainedOptions) {
  const { includeTop = true, classes = 1000, classifierActivation = 'softmax' } = options;
  if (includeTop && classes !== 1000)
    throw expected(who, "1000 classes where weights are 'imagenet' and there is a top", classes);
  if (includeTop && classifierActivation !== 'softmax' && classifierActivation !== null)
    throw expected(
      who,
      "softmax or null as classifierActivation where weights are 'imagenet'",
      classifierActivation,
    );
  const net = 'pretrained' in architecture ? architecture.pretrained : architecture.name;
  const file = net === undefined ? undefined : weightFile(net, includeTop);
  if (file) return file;
  throw expected(
    who,
    'the path of a file or null as weights, since Keras publishes none of this net',
    'imagenet',
  );
}
