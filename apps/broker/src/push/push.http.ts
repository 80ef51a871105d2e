import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { StatusError } from '@halfmq/remoting';
import type { FastifyReply } from 'fastify';
import { Pop } from '../consume/pop/pop.js';
import { refuseBoth } from '../consume/selection.js';
import { BACKURL_GROUP } from '../directory/group-config.js';
import { SystemTopic } from '../directory/topic-names.js';
import type { Health } from '../outbound/endpoints.js';
import { Outbound } from '../outbound/outbound.js';
import { mustBeSecrets } from '../outbound/signature.js';
import { BackurlPush } from './backurl-push.js';
import { PushRecord, type Pushed } from './push-record.js';
import { PushesRequest, PushRequest } from './push-request.js';
import type { PushSettings } from './push-settings.js';
import type { Pusher } from './pusher.js';
import { endpointOf, Pushes, type Push } from './pushes.js';

/** A push, without its secrets. */
export interface ShownPush extends Omit<PushSettings, 'secrets'> {
  readonly group: string;
  /** a secret was given */
  readonly signed: boolean;
  readonly state: PushState;
}

export interface PushState extends PushProgress {
  /** open: nothing is sent until `openForMs` are over; halfOpen: one request finds out */
  readonly breaker: 'closed' | 'open' | 'halfOpen';
  readonly openForMs: number;
}

/** How far it is. */
export interface PushProgress extends Pushed {
  readonly inFlight: number;
  /** messages that were not given to anybody yet */
  readonly backlog: number;
  /** messages under way, or that wait to come again */
  readonly unacknowledged: number;
  /** why nothing can be received now, such as a group that is switched off */
  readonly problem?: string | undefined;
}

export interface PushPage {
  readonly items: readonly ShownPush[];
  /** asks for what comes after; none: that was all */
  readonly next?: string | undefined;
}

const BREAKER: Readonly<Record<Health, PushState['breaker']>> = {
  well: 'closed',
  resting: 'open',
  trying: 'halfOpen',
};
const CREATED = 201;
const NOTHING_YET = new PushRecord();

/** The messages of a group, each POSTed to an address: acknowledged by a 2xx. */
@Controller('v1')
export class PushOverHttp {
  constructor(
    private readonly pushes: Pushes,
    private readonly outbound: Outbound,
    private readonly pop: Pop,
    private readonly ofMessages: BackurlPush,
  ) {}

  /** 201 when there was none; one that was paused stays so. */
  @Put('groups/:group/push')
  async put(
    @Param('group') group: string,
    @Body() given: PushRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ShownPush> {
    const { push, made } = await this.pushes.put(group, this.settingsOf(given));
    if (made) reply.status(CREATED);
    return this.shown(push);
  }

  /** By the names of their groups. */
  @Get('pushes')
  list(@Query() { limit, cursor }: PushesRequest): PushPage {
    const found = this.pushes.list(limit + 1, cursor);
    const items = found.slice(0, limit);
    return {
      items: items.map((push) => this.shown(push)),
      next: found.length > limit ? items.at(-1)?.group : undefined,
    };
  }

  @Get('groups/:group/push')
  get(@Param('group') group: string): ShownPush {
    return this.shown(this.pushes.must(group));
  }

  /** Of messages that come with an address of their own; those that wait to come again are not counted. */
  @Get('backurls')
  backurls(): PushProgress {
    return this.progress(BACKURL_GROUP, SystemTopic.BACKURL, this.ofMessages.pusher);
  }

  /** What is under way is answered, nothing more is sent; the group's messages stay. */
  @Delete('groups/:group/push')
  @HttpCode(204)
  delete(@Param('group') group: string): Promise<void> {
    return this.pushes.delete(group);
  }

  @Post('groups/:group/push/pause')
  @HttpCode(200)
  async pause(@Param('group') group: string): Promise<ShownPush> {
    return this.shown(await this.pushes.pause(group, true));
  }

  @Post('groups/:group/push/resume')
  @HttpCode(200)
  async resume(@Param('group') group: string): Promise<ShownPush> {
    return this.shown(await this.pushes.pause(group, false));
  }

  private settingsOf(given: PushRequest): Omit<PushSettings, 'paused'> {
    const { topic, backurl, tags, sql, ordered, secret, previousSecret, concurrency, rateLimit } = given;
    refuseBoth(given);
    if (previousSecret !== undefined && secret === undefined)
      throw new StatusError('INVALID_PARAMETER', 'previousSecret is given without secret');
    const secrets = [secret, previousSecret].filter((each) => each !== undefined);
    mustBeSecrets(secrets);
    const { href } = this.outbound.callable('backurl', backurl);
    return { topic, backurl: href, tags, sql, ordered, secrets, concurrency, rateLimit };
  }

  private shown({ group, settings, pusher }: Push): ShownPush {
    const { secrets, ...rest } = settings;
    const { receivers } = this.outbound;
    const endpoint = endpointOf(group, settings);
    return {
      group,
      ...rest,
      signed: secrets.length > 0,
      state: {
        breaker: BREAKER[receivers.health(endpoint)],
        openForMs: Math.ceil(receivers.restMs(endpoint)),
        ...this.progress(group, settings.topic, pusher),
      },
    };
  }

  private progress(group: string, topic: string, pusher: Pusher | undefined): PushProgress {
    const { waiting, out } = this.pop.backlog(group, topic);
    return {
      inFlight: pusher?.inFlight ?? 0,
      backlog: waiting,
      unacknowledged: out,
      problem: pusher?.problem,
      ...(pusher?.record ?? NOTHING_YET).shown,
    };
  }
}
