import { Controller } from '@nestjs/common';
import {
  getEarliestMsgStoretime,
  getMaxOffset,
  getMinOffset,
  queryConsumerOffset,
  searchOffsetByTimestamp,
  updateConsumerOffset,
  type GetEarliestMsgStoretimeHeader,
  type GetMaxOffsetHeader,
  type GetMinOffsetHeader,
  type Outcome,
  type QueryConsumerOffsetHeader,
  type SearchOffsetByTimestampHeader,
  type UpdateConsumerOffsetHeader,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { Offsets } from './offsets.js';

/** Offsets of groups and of queues. */
@Controller()
export class OffsetsHandlers {
  constructor(private readonly offsets: Offsets) {}

  @Request(queryConsumerOffset)
  query(header: QueryConsumerOffsetHeader): Outcome {
    return this.offsets.query(header);
  }

  @Request(updateConsumerOffset)
  update(header: UpdateConsumerOffsetHeader): Outcome {
    return this.offsets.update(header);
  }

  @Request(getMaxOffset)
  max(header: GetMaxOffsetHeader): Outcome {
    return this.offsets.max(header);
  }

  @Request(getMinOffset)
  min(header: GetMinOffsetHeader): Outcome {
    return this.offsets.min(header);
  }

  @Request(searchOffsetByTimestamp)
  byTime(header: SearchOffsetByTimestampHeader): Outcome {
    return this.offsets.byTime(header);
  }

  @Request(getEarliestMsgStoretime)
  earliest(header: GetEarliestMsgStoretimeHeader): Outcome {
    return this.offsets.earliestStoreTime(header);
  }
}
