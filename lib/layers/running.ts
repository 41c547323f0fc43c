import type { CallContext } from '../core/operation.js';
import type { WeightHolder } from './weightHolder.js';

/** The layers whose `build` or `call` runs, the innermost last. @internal */
export const running: { readonly layer: WeightHolder; readonly context: Partial<CallContext> | undefined }[] =
  [];
