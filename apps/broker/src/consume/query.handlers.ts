import { Controller } from '@nestjs/common';
import {
  queryMessage,
  viewMessageById,
  type Outcome,
  type QueryMessageHeader,
  type ViewMessageByIdHeader,
} from '@halfmq/remoting';
import { Request } from '@halfmq/remoting/nest';
import { Query } from './query.js';

/** What tools and clients ask about single messages. */
@Controller()
export class QueryHandlers {
  constructor(private readonly query: Query) {}

  @Request(queryMessage)
  byKey(header: QueryMessageHeader): Promise<Outcome> {
    return this.query.byKey(header);
  }

  @Request(viewMessageById)
  byId(header: ViewMessageByIdHeader): Outcome {
    return this.query.at(header);
  }
}
