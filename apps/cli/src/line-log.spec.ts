import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@halfmq/transaction';
import { lineLog } from './line-log.js';

function logOf(env: NodeJS.ProcessEnv): { log: ReturnType<typeof lineLog>; lines: string[] } {
  const lines: string[] = [];
  return { log: lineLog(new ManualClock(0), env, (line) => lines.push(line)), lines };
}

describe('the log of a server in a terminal', () => {
  it('writes time, level, message and fields in one line', () => {
    const { log, lines } = logOf({});
    log.warn('broker is gone', {
      name: 'a',
      why: 'closed by peer',
      error: new Error('no "way"'),
      offset: 7n,
      none: undefined,
    });
    expect(lines).toEqual([
      '1970-01-01T00:00:00.000Z WARN  broker is gone name=a why="closed by peer" error="no \\"way\\"" offset=7\n',
    ]);
  });

  it('keeps a record in one line, whatever a name holds', () => {
    const { log, lines } = logOf({});
    log.info('topic a\nINFO  forged', { name: 'b\nc' });
    expect(lines.join('').split('\n')).toHaveLength(2);
  });

  it('says from where on by HALFMQ_LOG_LEVEL, from info on without it', () => {
    const quiet = logOf({ HALFMQ_LOG_LEVEL: 'error' });
    quiet.log.warn('no');
    quiet.log.error('yes');
    expect(quiet.lines).toHaveLength(1);
    const usual = logOf({});
    usual.log.debug('no');
    expect(usual.lines).toHaveLength(0);
  });

  it('says what JSON cannot, rather than failing whoever speaks', () => {
    const { log, lines } = logOf({});
    const circle: Record<string, unknown> = { offset: 7n };
    circle['self'] = circle;
    log.warn('odd', { circle });
    expect(lines.join('')).toContain('offset: 7n');
    expect(lines.join('').split('\n')).toHaveLength(2);
  });
});
