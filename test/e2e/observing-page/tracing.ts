// #region
import { HalfmqModule } from '@halfmq/transaction/nest';
import { openTelemetry } from '@halfmq/transaction/opentelemetry';

export const halfmq = (nameServers: string) =>
  HalfmqModule.forRoot({ nameServers, group: 'shop', hooks: [openTelemetry()] });
// #endregion
