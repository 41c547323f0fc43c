// Whole nets trained on the emulated GPU, with the numbers of PyTorch in float64. From the third step on steps are replayed.
import { runNets } from '../../cases/nets.js';
import { useEmulatedGpu } from './gpu.js';

useEmulatedGpu();
// A step of resnet18 takes 20 s here.
runNets(({ name, losses }) => (name === 'resnet18' ? 1 : Math.min(3, losses.length)));
