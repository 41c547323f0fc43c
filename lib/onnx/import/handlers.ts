import { activations } from './activations.js';
import { attentions } from './attention.js';
import type { Handlers } from './call.js';
import { control } from './control.js';
import { convolutions } from './conv.js';
import { deformables } from './deform.js';
import { elementwise } from './elementwise.js';
import { indexing } from './indexing.js';
import { lossNodes } from './losses.js';
import { normalizations } from './norm.js';
import { poolings } from './pool.js';
import { products } from './products.js';
import { randoms } from './random.js';
import { recurrents } from './recurrent.js';
import { reductions } from './reduce.js';
import { regions } from './regions.js';
import { resizes } from './resize.js';
import { sequences, shapes } from './shapes.js';
import { signals } from './signals.js';
import { conversions } from './types.js';

/** All ops of ONNX that can be imported, by their names. */
export const HANDLERS: Handlers = {
  ...elementwise,
  ...activations,
  ...convolutions,
  ...deformables,
  ...poolings,
  ...normalizations,
  ...reductions,
  ...products,
  ...shapes,
  ...sequences,
  ...indexing,
  ...recurrents,
  ...resizes,
  ...regions,
  ...conversions,
  ...control,
  ...randoms,
  ...lossNodes,
  ...signals,
  ...attentions,
};
