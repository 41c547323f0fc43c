import cells from './cells.js';
import lenet from './lenet.js';
import lstm from './lstm.js';
import mnist from './mnist.js';
import resnet18 from './resnet18.js';
import transformer from './transformer.js';
import unet from './unet.js';
import volumes from './volumes.js';
import type { Net } from '../net.js';

/** The nets of the bench by their names. */
export const nets: Readonly<Record<string, Net>> = {
  ...{ mnist, lenet, cells, unet, lstm, resnet18, transformer, volumes },
};
