import { itemAt } from '../base/list.js';
import type { Sym } from '../core/sym.js';
import { axisOf } from './axis.js';
import { add, multiply, subtract } from './binary.js';
import { mean } from './reduce.js';
import { reshape } from './shape.js';
import { rsqrt, square } from './unary.js';

/**
 * gamma · (x − mean) / √(variance + epsilon) + beta by groups of neighbouring channels of each sample. The statistics of a group are the
 * means of those of its channels, so that x keeps its shape and only small tensors get an axis for the groups. @internal
 */
export function groupNormalization(
  x: Sym,
  options: {
    /** How many; -1: as many as channels. */
    groups: number;
    /** The channels' axis. */
    axis: number;
    epsilon: number;
    /** float32 [channels]. */
    gamma: Sym | undefined;
    /** float32 [channels]. */
    beta: Sym | undefined;
  },
): Sym {
  const axis = axisOf('groupNormalization', options.axis, x.rank);
  const channels = itemAt(x.shape, axis);
  const groups = options.groups === -1 ? channels : options.groups;
  const others = [...x.shape.keys()].filter((i) => i !== 0 && i !== axis);
  const along = (batch: number) => x.shape.map((_, i) => (i === 0 ? batch : i === axis ? channels : 1));
  const overGroups = (values: Sym): Sym => {
    const perChannel = others.length === 0 ? values : mean(values, { axis: others });
    if (groups === channels) return reshape(perChannel, along(-1));
    const perGroup = mean(reshape(perChannel, [-1, groups, channels / groups]), { axis: -1, keepDims: true });
    const ones = x.trace.constant(1, 'float32', [channels / groups]);
    return reshape(multiply(perGroup, ones), along(-1));
  };
  const centred = subtract(x, overGroups(x));
  const inverse = rsqrt(add(overGroups(square(centred)), options.epsilon));
  const { gamma, beta } = options;
  const y = multiply(centred, gamma ? multiply(inverse, reshape(gamma, along(1))) : inverse);
  return beta ? add(y, reshape(beta, along(1))) : y;
}
