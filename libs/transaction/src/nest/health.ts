import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '@halfmq/remoting';
import { type HalfmqHealthReport, type HealthOptions, healthReport } from '../health.js';
import { CLOCK, HalfmqRuntime } from './runtime.js';

/**
 * For a health check: `health.check([() => halfmq.check('halfmq')])` with Terminus, which need not be installed. Says what each
 * group's consumer in this process has: queues, lag, last poll.
 */
@Injectable()
export class HalfmqHealth {
  constructor(
    private readonly runtime: HalfmqRuntime,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param key of the entry in the check's answer */
  check<Key extends string>(key: Key, options?: HealthOptions): Record<Key, HalfmqHealthReport> {
    const report = healthReport({ ...this.runtime.examined, now: this.clock.now() }, options);
    return { [key]: report } as Record<Key, HalfmqHealthReport>;
  }
}
