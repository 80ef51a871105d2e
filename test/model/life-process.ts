/** Lives the lives it is told the seeds of, one after the other, in a process of its own. */
import { live } from './lives.js';

process.on('message', (seed: number) => void live(seed).then((lived) => process.send?.(lived)));
