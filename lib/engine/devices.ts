import { expected } from '../base/checks.js';
import { EngineError } from '../base/errors.js';
import { CudaChecks, type DeviceCheck, gpuName } from './cuda.js';
import { engine } from './engine.js';

/**
 * The name of a device: the processor with all its cores, or an NVIDIA GPU. Of several GPUs `cuda` is the first one, `cuda:1` the second, and so on;
 * `cuda:0` is another way to say `cuda`.
 */
export type DeviceName = 'cpu' | 'cuda' | `cuda:${number}`;

/** Whether a device works on this machine, and why not. */
export interface DeviceState {
  /** Its name: `'cpu'`, `'cuda'`, or of a further GPU `'cuda:1'`. */
  readonly name: DeviceName;
  /** Whether `setDevice` takes it. */
  readonly works: boolean;
  /** Why it does not work and what to do; empty where it works. */
  readonly reason: string;
  /** The backend, with the version of its library; empty where the device does not work. */
  readonly description: string;
  /** What own kernels are made for, such as `avx2` or `sm_90`; empty where the device does not work. */
  readonly architecture: string;
  /** Whether it computes in bfloat16 faster than in float32. */
  readonly bfloat16: boolean;
  /** Bytes of the device's own memory; 0 where it is the host's, or not known. */
  readonly memory: number;
  /** What the device needs, in the order in which it was checked. */
  readonly checks: readonly DeviceCheck[];
}

let current: DeviceName = 'cpu';
const passed = new Map<number, CudaChecks>();

/** The checks of a GPU: those that failed are done anew, since what was missing may be there by now. */
function checkGpu(index: number): CudaChecks {
  const known = passed.get(index);
  if (known) return known;
  const checks = new CudaChecks(index);
  if (!checks.error) passed.set(index, checks);
  return checks;
}

/**
 * The devices that nodegrad knows, whether each works on this machine, and if not, why. To find that out it loads what a device
 * needs: the GPU's driver and libraries, and the package nodegrad-cuda, as far as they are there. `npx nodegrad doctor` prints the same.
 *
 * @returns First the CPU, which always works, then `cuda`, then the other GPUs, if there are any.
 * @example devices().filter(({ works }) => works).map(({ name }) => name);
 */
export function devices(): DeviceState[] {
  const first = checkGpu(0);
  const gpus = [first, ...Array.from({ length: Math.max(first.gpus - 1, 0) }, (_, i) => checkGpu(i + 1))];
  const opened = engine().info().devices;
  const state = (
    name: DeviceName,
    reason: string,
    rest: Pick<DeviceState, 'memory' | 'checks'>,
  ): DeviceState => {
    const works = reason === '';
    const {
      description = '',
      architecture = '',
      bfloat16 = false,
    } = (works ? opened.find((one) => one.name === name) : undefined) ?? {};
    return { name, works, reason, description, architecture, bfloat16, ...rest };
  };
  return [
    state('cpu', '', { memory: 0, checks: [] }),
    ...gpus.map(({ error, memory, checks }, i) =>
      state(gpuName(i), error?.message ?? '', { memory, checks }),
    ),
  ];
}

/**
 * Sets the device of all that is compiled from now on: ops on tensors, functions of `compile`, models. What has run before stays where
 * it ran, so that it is called first in a program. Tensors have no device: each moves to where it is needed.
 *
 * @param name `cpu` (the default), `cuda`, or `cuda:1` and so on, one of several GPUs.
 * @throws EngineError `ARGUMENT` for another name, `DEVICE` or `OUT_OF_MEMORY` with the reason where the device does not work on this
 *   machine: nothing else is taken in its place.
 * @example setDevice('cpu');
 */
export function setDevice(name: DeviceName): void {
  current = checkDevice('setDevice', name);
}

/**
 * A device that works.
 *
 * @throws EngineError as {@link setDevice}.
 * @internal
 */
export function checkDevice(caller: string, name: DeviceName): DeviceName {
  if (name === 'cpu') return name;
  // Callers in JavaScript may give anything.
  const text: unknown = name;
  const found = typeof text === 'string' ? /^cuda(?::(0|[1-9]\d*))?$/.exec(text) : null;
  // Not the nearest name: whoever writes gpu does not mean cpu.
  if (!found) throw expected(caller, "'cpu', 'cuda' or 'cuda:1'", name);
  const index = Number(found[1] ?? 0);
  const { error } = checkGpu(index);
  if (error)
    throw new EngineError(error.code, `[${caller}] ${error.message} (npx nodegrad doctor shows all checks)`, {
      cause: error,
    });
  return gpuName(index);
}

/** Runs a function that compiles for a device; undefined: for the one that is set. @internal */
export function onDevice<T>(name: DeviceName | undefined, body: () => T): T {
  const before = current;
  current = name ?? before;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** The device that {@link setDevice} has set, `cpu` unless it was called. */
export function getDevice(): DeviceName {
  return current;
}
