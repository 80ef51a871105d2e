export * from './message-store.js';
export { openStore } from './open-store.js';
export { rebuildState, type RebuildReport } from './rebuild-state.js';
