import { Module, type DynamicModule, type INestMicroservice } from '@nestjs/common';
import { Health } from './admin/health.http.js';
import { MessagesOverHttp } from './consume/messages.http.js';
import { Destination } from './produce/destination.js';
import { SendOverHttp } from './produce/send.http.js';
import { Send } from './produce/send.js';
import { CLOCK, CONFIG, MESSAGE_STORE, STORE_HOST } from './tokens.js';

/** What the HTTP door shows of the rooms. Imported only when the door opens. */
@Module({})
export class HttpModule {
  /** @param rooms the running microservice: its rooms are the ones behind this door too */
  static of(rooms: INestMicroservice): DynamicModule {
    return {
      module: HttpModule,
      controllers: [SendOverHttp, MessagesOverHttp, Health],
      providers: [Send, Destination, CONFIG, CLOCK, MESSAGE_STORE, STORE_HOST].map((token) => ({
        provide: token,
        useValue: rooms.get<object>(token),
      })),
    };
  }
}
