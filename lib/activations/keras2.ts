// Activations that Keras 2 computes otherwise than Keras 3.
import { setRegistered } from '../base/customObjects.js';
import { HARD_SIGMOID_OF_KERAS_2 } from '../base/kerasNames.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';

setRegistered(HARD_SIGMOID_OF_KERAS_2, (x: Sym) => ops.clip(ops.add(ops.multiply(x, 0.2), 0.5), 0, 1));
