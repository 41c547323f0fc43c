import { type OptionNames, boolean, expected, knownOptionsOf, oneOf, wrongShape } from '../base/checks.js';
import { atLeast, itemAt } from '../base/list.js';
import { type Tensor, tensor } from '../core/tensor.js';
import { Initializer } from './initializer.js';
import { type Window, checkWindow, windowNumbers } from './windows.js';

/** What `initializers.stft` takes. */
export interface STFTOptions {
  /** Which part: the real or the imaginary one. Default `real`. */
  side?: 'real' | 'imag';
  /** What the stretch is multiplied by: a name, its numbers, or null for ones. Default `hann`. */
  window?: Window;
  /** What the window is divided by: the root of the sum of its squares (`density`), the sum of its sizes (`spectrum`), or null, nothing. Default `density`. */
  scaling?: 'density' | 'spectrum' | null;
  /** Whether a named window has the period of the stretch, instead of being the same from both ends. Default false. */
  periodic?: boolean;
}

/** The kernel of a short-time Fourier transform: made by `initializers.stft`, which says more. */
export class STFT extends Initializer {
  static override readonly optionNames: object = {
    side: 'optional',
    window: 'optional',
    scaling: 'optional',
    periodic: 'boolean',
  } satisfies OptionNames<STFTOptions>;
  readonly className = 'STFT';
  /** Which part. */
  readonly side: 'real' | 'imag';
  /** What the stretch is multiplied by. */
  readonly window: Window;
  /** What the window is divided by. */
  readonly scaling: 'density' | 'spectrum' | null;
  /** Whether a named window has the period of the stretch. */
  readonly periodic: boolean;

  constructor(options: STFTOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super();
    const { side = 'real', window = 'hann', scaling = 'density', periodic = false } = options;
    this.side = oneOf(who, 'side', side, ['real', 'imag']);
    this.window = checkWindow(who, window);
    this.scaling = checkScaling(who, scaling);
    this.periodic = boolean(who, 'periodic', periodic);
  }

  protected draw(shape: readonly number[]): Tensor {
    if (shape.length !== 3) throw wrongShape('stft', 'a shape [length, 1, bins]', shape);
    const [length, channels, bins] = atLeast(shape, 3);
    if (channels !== 1) throw wrongShape('stft', 'a shape [length, 1, bins]', shape);
    const window = windowNumbers('stft', this.window, length, this.periodic);
    let scale = 1;
    if (this.window !== null && this.scaling === 'density')
      scale = Math.sqrt(window.reduce((sum, w) => sum + w * w, 0));
    if (this.window !== null && this.scaling === 'spectrum')
      scale = window.reduce((sum, w) => sum + Math.abs(w), 0);
    const whole = 2 * (bins - 1);
    const numbers = new Float32Array(length * bins);
    for (let time = 0; time < length; time++)
      for (let bin = 0; bin < bins; bin++) {
        // Whole turns are left out, so that no digits are lost.
        const angle = whole === 0 ? 0 : (-2 * Math.PI * ((time * bin) % whole)) / whole;
        const wave = this.side === 'real' ? Math.cos(angle) : Math.sin(angle);
        numbers[time * bins + bin] = (wave * itemAt(window, time)) / scale;
      }
    return tensor(numbers, shape);
  }

  override getConfig() {
    const { side, window, scaling, periodic } = this;
    return { side, window: window instanceof Float32Array ? Array.from(window) : window, scaling, periodic };
  }
}

/** @internal */
export function checkScaling(who: string, scaling: unknown): 'density' | 'spectrum' | null {
  if (scaling === null || scaling === 'density' || scaling === 'spectrum') return scaling;
  throw expected(who, "'density', 'spectrum' or null for scaling", scaling);
}

/**
 * The kernel with which a convolution gives the real or the imaginary parts of a short-time Fourier transform, float32 [length, 1, bins], where bins is half
 * the length of the transform and 1 more. https://keras.io/api/layers/initializers/
 *
 * @throws EngineError `ARGUMENT` for another window or scaling; `SHAPE`, when the weight is made, for another shape.
 * @example layers.conv1d({ filters: 129, kernelSize: 256, useBias: false, kernelInitializer: initializers.stft({ window: 'hamming' }) });
 */
export const stft = (options?: STFTOptions) => new STFT(options);
