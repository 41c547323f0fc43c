import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { type Call, type Handler, type Handlers, typed } from './call.js';

const shapeLike = (call: Call): Sym => ops.cast(call.x(0), 'float32');
const fromShape = (call: Call): Sym => asSym(ops.zeros(call.ints('shape')));

const uniform =
  (like: (call: Call) => Sym): Handler =>
  (call) => {
    const [minval, maxval] = [call.float('low', 0), call.float('high', 1)];
    return typed(
      ops.randomUniform(like(call), { minval, maxval }),
      call.typeNamed('dtype', call.has(0) ? call.type() : 'FLOAT'),
    );
  };

const normal =
  (like: (call: Call) => Sym): Handler =>
  (call) => {
    const drawn = ops.randomNormal(like(call));
    const y = ops.add(ops.multiply(drawn, call.float('scale', 1)), call.float('mean', 0));
    return typed(y, call.typeNamed('dtype', call.has(0) ? call.type() : 'FLOAT'));
  };

/** Random numbers; seeds of files do not give the numbers that another program draws. */
export const randoms: Handlers = {
  RandomUniform: uniform(fromShape),
  RandomUniformLike: uniform(shapeLike),
  RandomNormal: normal(fromShape),
  RandomNormalLike: normal(shapeLike),
  Bernoulli: (call) => {
    const x = call.x(0);
    return typed(ops.less(ops.randomUniform(x), x), call.typeNamed('dtype', call.type()));
  },
};
