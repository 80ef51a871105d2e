/** What the shop sells. Prices are cents; `stock` is what the shelves hold on the first day. */
export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly note: string;
  readonly price: number;
  readonly stock: number;
}

export const CATALOGUE: readonly Product[] = [
  { sku: 'lamp', name: 'Reading lamp', note: 'Warm light, brass arm', price: 8900, stock: 2000 },
  { sku: 'mug', name: 'Stoneware mug', note: 'Holds 350 ml of anything', price: 1800, stock: 4000 },
  { sku: 'chair', name: 'Oak chair', note: 'Solid oak, oiled by hand', price: 24_900, stock: 1500 },
  { sku: 'plant', name: 'Rubber plant', note: 'Forgives a dry week', price: 3200, stock: 2000 },
  { sku: 'radio', name: 'Kitchen radio', note: 'Two knobs, nothing else', price: 12_900, stock: 2000 },
  { sku: 'clock', name: 'Wall clock', note: 'Only a few left', price: 5400, stock: 12 },
];

export function findProduct(sku: string): Product | undefined {
  return CATALOGUE.find((product) => product.sku === sku);
}
