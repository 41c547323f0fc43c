import { type OptionNames, expected, integer, oneOf } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { toIndices } from '../ops/toIndices.js';
import type { Sym } from '../core/sym.js';
import { type CategoryMode, encodedSym } from './categories.js';
import { Layer, type LayerOptions } from './layer.js';
import { MultiInputLayer } from './multiInputLayer.js';

/** What `layers.categoryEncoding` takes. */
export interface CategoryEncodingOptions extends LayerOptions {
  /** How many categories there are: they go from 0 up to, not including, this. */
  numTokens: number;
  /** What comes out. Default `multiHot`. */
  outputMode?: Exclude<CategoryMode, 'int'>;
}

const DEFAULTS = defaultsOf<CategoryEncodingOptions>()({ outputMode: 'multiHot' });

/** Rows for the numbers of categories: made by `layers.categoryEncoding`, which says more. */
export class CategoryEncoding extends MultiInputLayer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    numTokens: 'required',
    outputMode: 'optional',
  } satisfies OptionNames<CategoryEncodingOptions>;
  readonly className = 'CategoryEncoding';
  /** How many categories there are. */
  readonly numTokens: number;
  /** What comes out. */
  readonly outputMode: Exclude<CategoryMode, 'int'>;

  constructor(given: CategoryEncodingOptions) {
    super(given);
    const { numTokens, outputMode } = withDefaults(given, DEFAULTS);
    this.numTokens = integer('categoryEncoding', 'numTokens', numTokens);
    this.outputMode = oneOf('categoryEncoding', 'outputMode', outputMode, ['oneHot', 'multiHot', 'count']);
  }

  /** @param inputs The categories, and with `count` also float32 weights of the same shape. */
  call(inputs: readonly [Sym, ...Sym[]]): Sym {
    if (inputs.length > (this.outputMode === 'count' ? 2 : 1)) {
      const what =
        this.outputMode === 'count' ? 'categories and weights' : "weights only with outputMode 'count'";
      throw expected(this.name, what, `${inputs.length} inputs`);
    }
    return encodedSym(toIndices(inputs[0]), this.outputMode, this.numTokens, inputs[1]);
  }

  override getConfig() {
    return { ...super.getConfig(), numTokens: this.numTokens, outputMode: this.outputMode };
  }
}

/**
 * Makes rows of the numbers of categories, int32 or uint8 [..., categories]: with `multiHot` a 1 for each category that is among a
 * sample's, [..., numTokens]; with `count` how often it is, times the weights where there are some; with `oneHot` a row for each number,
 * [..., categories, numTokens], or in place of a last axis of size 1. float32. A number outside of 0 to numTokens − 1 counts nowhere.
 * It has no weights. https://keras.io/api/layers/preprocessing_layers/categorical/category_encoding/
 *
 * @throws EngineError `ARGUMENT` for a `numTokens` that is no positive integer, and weights without `count`.
 * @example layers.categoryEncoding({ numTokens: 4, outputMode: 'count' });
 */
export const categoryEncoding = (options: CategoryEncodingOptions) => new CategoryEncoding(options);
