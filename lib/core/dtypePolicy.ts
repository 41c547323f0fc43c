import { getDevice } from '../engine/devices.js';
import { type Compute, engine } from '../engine/engine.js';
import { choose } from '../base/choose.js';
import { warnOnce } from '../base/warn.js';

/**
 * How a step computes: all in float32; the same with products that a GPU may round to TF32; or activations in bfloat16 and the rest in
 * float32.
 */
export type DtypePolicy = 'float32' | 'tensorFloat32' | 'mixedBfloat16';

const POLICIES: Readonly<Record<string, DtypePolicy>> = {
  float32: 'float32',
  tensorFloat32: 'tensorFloat32',
  mixedBfloat16: 'mixedBfloat16',
};

let current: DtypePolicy = 'float32';

/**
 * Sets the policy of models that are made and functions that are compiled from now on, where they name none.
 *
 * With `mixedBfloat16` a step keeps its activations in bfloat16, and convolutions and dense layers compute on them and on
 * copies of the weights in bfloat16: to 0.2 to 0.4 % of an output's root mean square, 3×3 convolutions by Winograd's
 * algorithm to 1.2 %. Weights, their gradients, optimizers, sums, normalisation statistics, losses and what a step returns
 * stay float32, so that neither losses have to be scaled nor code to be changed. It needs a processor with AVX512-BF16 or
 * AMX, or a GPU of compute capability 8.0 (see `devices()`); on another one a warning is given once, and all is float32.
 * https://keras.io/api/mixed_precision/policy/
 *
 * `tensorFloat32` allows GPUs of compute capability 8.0 to round the factors of products and convolutions to TF32, float32 with 10 bits
 * after the point in place of 23, by 2^-11 of each number; they are still added in float32, and all tensors stay float32. Such products
 * are several times as fast. Where there is no TF32, on older GPUs and on the CPU, they are those of `float32`. Keras has no such
 * policy: its files get `float32` in its place. https://docs.nvidia.com/cuda/cublas/#cublascomputetype-t
 *
 * @param policy `float32` (the default), `tensorFloat32` or `mixedBfloat16`.
 * @throws EngineError `ARGUMENT` for another name.
 * @example
 *     mixedPrecision.setDtypePolicy('mixedBfloat16');
 *     const model = new Sequential([…]);
 */
export function setDtypePolicy(policy: DtypePolicy): void {
  current = checkPolicy('setDtypePolicy', policy);
}

/** The policy that is set. */
export function dtypePolicy(): DtypePolicy {
  return current;
}

/** @throws EngineError `ARGUMENT` unless it is the name of a policy. @internal */
export function checkPolicy(caller: string, policy: DtypePolicy): DtypePolicy {
  return choose(caller, policy, POLICIES);
}

/** What the engine is to compute in under a policy: float32 after a warning where it cannot otherwise. @internal */
export function computeDtype(policy: DtypePolicy): Compute {
  if (policy !== 'mixedBfloat16') return policy;
  const device = engine()
    .info()
    .devices.find(({ name }) => name === getDevice());
  if (device?.bfloat16) return 'bfloat16';
  warnOnce(
    'NODEGRAD_BFLOAT16',
    'the policy mixedBfloat16 computes in float32 here: the device has no instructions for bfloat16 that are faster than those for float32 (AMX, or AVX512-BF16 of AMD; on GPUs compute capability 8.0)',
  );
  return 'float32';
}
