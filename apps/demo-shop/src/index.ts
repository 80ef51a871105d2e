/** The shop's only door: the supervisor behind `halfmq shop`. The services are processes, started by command. */
export { runShop } from './supervisor/run-shop.js';
export type { RunningShop } from './supervisor/run-shop.js';
export { ShopError } from './supervisor/settings.js';
export type { ShopOptions } from './supervisor/settings.js';
