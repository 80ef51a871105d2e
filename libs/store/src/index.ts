export * from './message-store.js';
export { openStore } from './open-store.js';
