import { firstOf, itemAt } from '../base/list.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { firstSpatial } from './spatial.js';
import { BaseGlobalPooling, type GlobalPoolingOptions } from './baseGlobalPooling.js';
import { checkedMask } from './masks.js';

/** The mean of each channel, of sequences, images or volumes. */
abstract class GlobalAveragePooling extends BaseGlobalPooling {
  call(x: Sym): Sym {
    const { dataFormat, keepDims } = this.options;
    return ops.globalAveragePool(x, { dataFormat, keepDims });
  }
}

/** The mean of each channel of a sequence: made by `layers.globalAveragePooling1d`, which says more. */
export class GlobalAveragePooling1D extends GlobalAveragePooling {
  readonly className = 'GlobalAveragePooling1D';
  override readonly supportsMasking = true;

  constructor(options: GlobalPoolingOptions = {}) {
    super(1, options);
  }

  override call(x: Sym): Sym {
    if (!x.mask) return super.call(x);
    const axis = firstSpatial(this.options.dataFormat);
    const { keepDims } = this.options;
    const counts = ops.expandDims(ops.cast(x.mask, 'bool'), axis === 1 ? 2 : 1);
    const total = ops.sum(ops.where(counts, x, 0), { axis, keepDims });
    return ops.divide(total, ops.sum(ops.cast(counts, 'float32'), { axis, keepDims }));
  }

  /** Which steps count, bool [n, length], wherever the channels are. @internal */
  protected override givenMask(mask: Sym, { shape }: Sym): Sym {
    const steps = itemAt(shape, firstSpatial(this.options.dataFormat));
    return checkedMask(this.name, mask, [firstOf(shape), steps], 2);
  }

  /** None: no steps are left. */
  override computeMask(): undefined {
    return undefined;
  }
}

/**
 * The mean of each channel of a sequence: [n, length, channels] to [n, channels], or to [n, 1, channels] with
 * `keepDims`, float32. It has no weights. With a mask the mean of the steps that count, NaN where none does.
 * https://keras.io/api/layers/pooling_layers/global_average_pooling1d/
 *
 * @throws EngineError `SHAPE`, when applied, for another rank.
 * @example layers.globalAveragePooling1d();
 */
export const globalAveragePooling1d = (options?: GlobalPoolingOptions) => new GlobalAveragePooling1D(options);

/** The mean of each channel of an image: made by `layers.globalAveragePooling2d`, which says more. */
export class GlobalAveragePooling2D extends GlobalAveragePooling {
  readonly className = 'GlobalAveragePooling2D';

  constructor(options: GlobalPoolingOptions = {}) {
    super(2, options);
  }
}

/**
 * The mean of each channel of an image: [n, height, width, channels] to [n, channels], or to [n, 1, 1, channels] with
 * `keepDims`, float32. It has no weights. https://keras.io/api/layers/pooling_layers/global_average_pooling2d/
 *
 * @throws EngineError `SHAPE`, when applied, for another rank.
 * @example layers.globalAveragePooling2d();
 */
export const globalAveragePooling2d = (options?: GlobalPoolingOptions) => new GlobalAveragePooling2D(options);

/** The mean of each channel of a volume: made by `layers.globalAveragePooling3d`, which says more. */
export class GlobalAveragePooling3D extends GlobalAveragePooling {
  readonly className = 'GlobalAveragePooling3D';

  constructor(options: GlobalPoolingOptions = {}) {
    super(3, options);
  }
}

/**
 * The mean of each channel of a volume: [n, depth, height, width, channels] to [n, channels], or to [n, 1, 1, 1, channels] with
 * `keepDims`, float32. It has no weights. https://keras.io/api/layers/pooling_layers/global_average_pooling3d/
 *
 * @throws EngineError `SHAPE`, when applied, for another rank.
 * @example layers.globalAveragePooling3d();
 */
export const globalAveragePooling3d = (options?: GlobalPoolingOptions) => new GlobalAveragePooling3D(options);
