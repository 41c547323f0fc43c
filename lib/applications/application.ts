import { type OptionNames, integer, knownOptions, oneOf, shapeOf, wrongShape } from '../base/checks.js';
import { oneOrAll } from '../base/list.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import type { Shape } from '../engine/engine.js';
import type { InitializerLike } from '../initializers/registry.js';
import * as layers from '../layers/index.js';
import { Model } from '../models/index.js';
import { getSourceInputs } from '../utils/getSourceInputs.js';

/** What every function of `applications` takes. https://keras.io/api/applications/ */
export interface ApplicationOptions {
  /** Whether the model ends in its classes, and not in its last features. Default true. */
  includeTop?: boolean;
  /** An output of layers that the net goes on from: the model then begins with that one's inputs. Default: a new input. */
  inputTensor?: KerasTensor;
  /**
   * The shape of an image, [height, width, channels]; without a top, a side may be -1: any. Default: that which the net was made for;
   * without a top, [-1, -1, 3].
   */
  inputShape?: Shape;
  /** What makes one vector an image of the last features where there is no top. Default none. */
  pooling?: 'avg' | 'max' | null;
  /** The number of classes of the top. Default 1000. */
  classes?: number;
  /** What follows the top's products; null gives the logits. Default `softmax`. */
  classifierActivation?: string | null;
  /** The model's name. Default: Keras's. */
  name?: string;
}

/** The names of {@link ApplicationOptions}. */
export const applicationNames = {
  includeTop: 'boolean',
  inputTensor: 'optional',
  inputShape: 'optional',
  pooling: 'optional',
  classes: 'optional',
  classifierActivation: 'optional',
  name: 'string',
} satisfies OptionNames<ApplicationOptions>;

/** The classes of a top. */
export interface Classes {
  /** How many. */
  readonly count: number;
  /** What follows the products. */
  readonly activation: string;
}

/** A net: what its function does not share with the others. */
export interface Architecture {
  /** The model's name. */
  readonly name: string;
  /** The name of the net in the names of files of published weights; undefined where there are none. Default: {@link name}. */
  readonly pretrained?: string | undefined;
  /** The sides of the images that the net was made for. Default 224. */
  readonly size?: number;
  /** The least side of an image. Default 32. */
  readonly leastSide?: number;
  /** Whether images of any size do with a top, too. Default false. */
  readonly anySize?: boolean;
  /** From the image to the last features. */
  readonly body: (image: KerasTensor) => KerasTensor;
  /** From the last features to the classes. Default: global average pooling and {@link predictions}. */
  readonly top?: (features: KerasTensor, classes: Classes) => KerasTensor;
  /** Whether a pooling has a name. Default true. */
  readonly poolingName?: boolean;
}

/** A dense layer to the classes. */
export function predictions(
  x: KerasTensor,
  { count, activation }: Classes,
  settings: { readonly kernelInitializer?: InitializerLike } = {},
): KerasTensor {
  return layers.dense({ units: count, activation, name: 'predictions', ...settings }).apply(x);
}

/** Global average pooling, as a layer named `avg_pool`. */
export const averaged = (x: KerasTensor): KerasTensor =>
  layers.globalAveragePooling2d({ name: 'avg_pool' }).apply(x);

/**
 * Makes a net's model.
 *
 * @param who The function, as it is called.
 * @param names The names of its options.
 */
export function applicationOf(
  who: string,
  architecture: Architecture,
  options: ApplicationOptions = {},
  names: object = applicationNames,
): Model {
  knownOptions(who, options, names);
  const { includeTop = true, pooling = null, classes = 1000, classifierActivation = 'softmax' } = options;
  if (pooling !== null) oneOf(who, 'pooling', pooling, ['avg', 'max']);
  integer(who, 'classes', classes);
  const image = options.inputTensor ?? layers.input({ shape: imageShape(who, architecture, options) });
  const features = architecture.body(image);
  const top = architecture.top ?? ((x, given) => predictions(averaged(x), given));
  const outputs = includeTop
    ? top(features, { count: classes, activation: classifierActivation ?? 'linear' })
    : pooled(features, pooling, architecture.poolingName ?? true);
  const { name = architecture.name } = options;
  return new Model({ inputs: oneOrAll(getSourceInputs(image)), outputs, name });
}

function pooled(x: KerasTensor, pooling: ApplicationOptions['pooling'], named: boolean): KerasTensor {
  if (pooling === 'avg') return named ? averaged(x) : layers.globalAveragePooling2d().apply(x);
  if (pooling === 'max') return layers.globalMaxPooling2d(named ? { name: 'max_pool' } : {}).apply(x);
  return x;
}

/** The shape of an image, checked. */
function imageShape(who: string, architecture: Architecture, options: ApplicationOptions): Shape {
  const { includeTop = true, inputShape } = options;
  const { size = 224, leastSide = 32, anySize = false } = architecture;
  const known = includeTop && !anySize;
  if (inputShape === undefined) return known ? [size, size, 3] : [-1, -1, 3];
  const [height, width, channels, ...rest] = shapeOf(who, inputShape, 'unknown');
  if (height === undefined || width === undefined || channels === undefined || rest.length > 0) {
    throw wrongShape(who, 'height, width and channels as inputShape', inputShape);
  }
  if (known && Math.min(height, width) < 0) {
    throw wrongShape(who, 'a known height and width in inputShape, since there is a top', inputShape);
  }
  if ([height, width].some((side) => side >= 0 && side < leastSide)) {
    throw wrongShape(who, `an inputShape with sides of ${leastSide} or more`, inputShape);
  }
  return inputShape;
}
