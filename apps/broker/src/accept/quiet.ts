import { Logger } from '@nestjs/common';

/*
 * Nest writes a dozen lines while an application starts, to a logger that belongs to the whole process. It is silenced
 * for that moment and given back as it was: an application around this broker keeps its own. Starts that overlap share
 * one silence.
 */
let starting = 0;
let before: typeof Logger.prototype.localInstance | undefined;

/** Runs a part of Nest's bootstrap without its lines; what fails is thrown, not logged. */
export async function quietly<T>(bootstrap: () => Promise<T>): Promise<T> {
  if (starting++ === 0) {
    before = Logger['staticInstanceRef'];
    Logger.overrideLogger(false);
  }
  try {
    return await bootstrap();
  } finally {
    if (--starting === 0) Logger['staticInstanceRef'] = before;
  }
}
