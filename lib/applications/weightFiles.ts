// The files of weights of ImageNet that Keras publishes.
import type { Published } from '../datasets/published.js';
import type { Shape } from '../engine/engine.js';

const FILES = 'https://storage.googleapis.com/tensorflow/keras-applications';

/** MD5 of the file with a top and of that without. */
type Hashes = readonly [whole: string, noTop: string];

/** The nets whose files are named alike, by their folder. */
const KERNELS: Readonly<Record<string, Readonly<Record<string, Hashes>>>> = {
  densenet: {
    densenet121: ['9d60b8095a5708f2dcce2bca79d332c7', '30ee3e1110167f948a6b9946edeeb738'],
    densenet169: ['d699b8f76981ab1b30698df4c175e90b', 'b8c4d4c20dd625c148057b9ff1c1176b'],
    densenet201: ['1ceb130c1ea1b78c3bf6114dbdfd8807', 'c13680b51ded0fb44dff2d8f86ac8bb1'],
  },
  inception_v3: {
    inception_v3: ['9a0d58056eeedaa3f26cb7ebd46da564', 'bcbd6486424b2319ff4ef7d526e38f63'],
  },
  resnet: {
    resnet50: ['2cb95161c43110f7111970584f804107', '4d473c1dd8becc155b73f8504c6f6626'],
    resnet101: ['f1aeb4b969a6efcfb50fad2f0c20cfc5', '88cf7a10940856eca736dc7b7e228a21'],
    resnet152: ['100835be76be38e30d865e96f2aaae62', 'ee4c566cf9a93f14d82f913c2dc6dd0c'],
    resnet50v2: ['3ef43a0b657b3be2300d5770ece849e0', 'fac2f116257151a9d068a22e544a4917'],
    resnet101v2: ['6343647c601c52e1368623803854d971', 'c0ed64b8031c3730f411d2eb4eea35b5'],
    resnet152v2: ['a49b44d1979771252814e80f8ec446f9', 'ed17cf2e0169df9d443503ef94b23b33'],
  },
  vgg16: { vgg16: ['64373286793e3c8b2b4e3219cbf3544b', '6d6bbae143d832006294945121d1f1fc'] },
  vgg19: { vgg19: ['cbe5617147190e668d6c5d5026f83318', '253f8cb515780f3b799900260a226db6'] },
  xception: { xception: ['0a58e3b7378bc2990ea3b43d5981f1f6', 'b0042744bf5b25fce3cb969f33bebb97'] },
};

const MOBILE_V3: Readonly<Record<string, Hashes>> = {
  'mobilenet_v3_large_224_0.75': ['765b44a33ad4005b3ac83185abf1d0eb', '40af19a13ebea4e2ee0c676887f69a2e'],
  'mobilenet_v3_large_224_1.0': ['59e551e166be033d707958cf9e29a6a7', '07fb09a5933dd0c8eaafa16978110389'],
  'mobilenet_v3_large_minimalistic_224_1.0': [
    '675e7b876c45c57e9e63e6d90a36599c',
    'ec5221f64a2f6d1ef965a614bdae7973',
  ],
  'mobilenet_v3_small_224_0.75': ['cb65d4e5be93758266aa0a7f2c6708b7', 'ebdb5cc8e0b497cd13a7c275d475c819'],
  'mobilenet_v3_small_224_1.0': ['8768d4c2e7dee89b9d02b2d03d65d862', 'd3e8ec802a04aa4fc771ee12a9a9b836'],
  'mobilenet_v3_small_minimalistic_224_1.0': [
    '99cd97fb2fcdad2bf028eb838de69e37',
    'cde8136e733e811080d9fcd8a252f7e4',
  ],
};
const EFFICIENT: Readonly<Record<string, Hashes>> = {
  efficientnetb0: ['902e53a9f72be733fc0bcb005b3ebbac', '50bc09e76180e00e4465e1a485ddc09d'],
  efficientnetb1: ['1d254153d4ab51201f1646940f018540', '74c4e6b3e1f6a1eea24c589628592432'],
  efficientnetb2: ['b15cce36ff4dcbd00b6dd88e7857a6ad', '111f8e2ac8aa800a7a99e3239f7bfb39'],
  efficientnetb3: ['ffd1fdc53d0ce67064dc6a9c7960ede0', 'af6d107764bb5b1abb91932881670226'],
  efficientnetb4: ['18c95ad55216b8f92d7e70b3a046e2fc', 'ebc24e6d6c33eaebbd558eafbeedf1ba'],
  efficientnetb5: ['ace28f2a6363774853a83a0b21b9421a', '38879255a25d3c92d5e44e04ae6cec6f'],
  efficientnetb6: ['165f6e37dce68623721b423839de8be5', '9ecce42647a20130c1f39a5d4cb75743'],
  efficientnetb7: ['8c03f828fec3ef71311cd463b6759d99', 'cbcfe4450ddf6f3ad90b1b398090fe4a'],
};

/** A whole number with a decimal, as Python writes floats. */
export const decimal = (value: number): string =>
  Number.isInteger(value) ? value.toFixed(1) : String(value);

/** The side of the images that the weights were trained on which suit a shape: 224 where it has none. */
export function sideOf(shape: Shape | undefined, sides: readonly number[]): number {
  const [height, width] = shape ?? [];
  return height !== undefined && height === width && sides.includes(height) ? height : 224;
}

/**
 * The published file of a net; undefined where there is none.
 *
 * @param net Its name in files, such as `vgg16` or `mobilenet_1_0_224`.
 * @param includeTop Whether it has the classes.
 */
export function weightFile(net: string, includeTop: boolean): Published | undefined {
  const made = (folder: string, name: string, hashes?: Hashes): Published => {
    const hash = hashes?.[includeTop ? 0 : 1];
    return { name, url: `${folder}/${name}`, folder: 'models', ...(hash !== undefined && { hash }) };
  };
  const end = (whole: string, noTop: string) => (includeTop ? whole : noTop);
  for (const [folder, nets] of Object.entries(KERNELS))
    if (Object.hasOwn(nets, net)) {
      const name = `${net}_weights_tf_dim_ordering_tf_kernels${end('', '_notop')}.h5`;
      return made(`${FILES}/${folder}`, name, nets[net]);
    }
  if (Object.hasOwn(EFFICIENT, net))
    return made(FILES.replace('tensorflow/', ''), `${net}${end('', '_notop')}.h5`, EFFICIENT[net]);
  if (Object.hasOwn(MOBILE_V3, net))
    return made(`${FILES}/mobilenet_v3`, `weights_${net}_float${end('', '_no_top_v2')}.h5`, MOBILE_V3[net]);
  // Keras says no hashes of the older ones.
  const second = /^mobilenet_v2_(.*)$/.exec(net)?.[1];
  if (second !== undefined) {
    const name = `mobilenet_v2_weights_tf_dim_ordering_tf_kernels_${second}${end('', '_no_top')}.h5`;
    return made(`${FILES}/mobilenet_v2`, name);
  }
  return /^mobilenet_\d_/.test(net)
    ? made(`${FILES}/mobilenet`, `${net}_tf${end('', '_no_top')}.h5`)
    : undefined;
}
