import type { Sym } from '../core/sym.js';
import { answersOf } from './align.js';
import { BinaryCrossentropy } from './binaryCrossentropy.js';
import { CategoricalCrossentropy } from './categoricalCrossentropy.js';
import { Loss } from './loss.js';
import { SparseCategoricalCrossentropy } from './sparseCategoricalCrossentropy.js';

/** What the name `'crossentropy'` stands for: the cross-entropy that the shapes call for. */
export class Crossentropy extends Loss {
  /** Other names for it. */
  static readonly aliases = ['crossentropy', 'ce'] as const;
  readonly className = 'Crossentropy';

  call(yTrue: Sym, yPred: Sym): Sym {
    const answers = answersOf(yTrue, yPred);
    if (answers === 'binary') return new BinaryCrossentropy().call(yTrue, yPred);
    if (answers === 'sparse') return new SparseCategoricalCrossentropy().call(yTrue, yPred);
    return new CategoricalCrossentropy().call(yTrue, yPred);
  }
}
