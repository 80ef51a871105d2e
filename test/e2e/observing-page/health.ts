// #region
import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
import { HalfmqHealth } from '@halfmq/transaction/nest';

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly halfmq: HalfmqHealth,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.halfmq.check('halfmq', { maxLag: 10_000 })]);
  }
}
// #endregion
