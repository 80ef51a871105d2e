import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { createReadStream } from 'node:fs';

const file = (name: string) => createReadStream(new URL(`../../${name}`, import.meta.url));

/** What this door speaks: two files beside the code, read when somebody asks. */
@Controller()
export class DocumentOverHttp {
  @Get('v1/openapi.json')
  document(@Res() reply: FastifyReply): void {
    void reply.type('application/json; charset=utf-8').send(file('openapi.json'));
  }

  /** The same for people. */
  @Get('docs')
  page(@Res() reply: FastifyReply): void {
    void reply.type('text/html; charset=utf-8').send(file('docs.html'));
  }
}
