import type { Sym, Tensor } from '../../lib/index.js';
import type { Program } from '../../lib/core/program.js';
import { Trace } from '../../lib/core/trace.js';

/**
 * A function compiled once for sizes that are not known: models are traced anew for each length.
 *
 * @param inputs What it takes, -1 for each size that may be any.
 */
export function openProgram(
  inputs: readonly { readonly dtype: Tensor['dtype']; readonly shape: readonly number[] }[],
  body: (...xs: Sym[]) => readonly Sym[],
): Program {
  const trace = new Trace();
  const places = inputs.map(({ dtype, shape }, i) => trace.input(dtype, shape, `argument ${i}`));
  return trace.program(
    places,
    trace.within(() => [...body(...places)]),
  );
}
