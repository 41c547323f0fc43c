import autoencoder from './autoencoder.js';
import cells from './cells.js';
import gru from './gru.js';
import lenet from './lenet.js';
import lstm from './lstm.js';
import mlp from './mlp.js';
import mnist from './mnist.js';
import mobile from './mobile.js';
import resnet18 from './resnet18.js';
import transformer from './transformer.js';
import unet from './unet.js';
import vgg from './vgg.js';
import volumes from './volumes.js';
import type { Net } from '../net.js';

/** The nets of the bench by their names. */
export const nets: Readonly<Record<string, Net>> = {
  ...{ mnist, lenet, cells, unet, lstm, resnet18, transformer, volumes },
  ...{ mobile, vgg, gru, mlp, autoencoder },
};
