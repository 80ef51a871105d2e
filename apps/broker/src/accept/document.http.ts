import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { DOCUMENT } from '../tokens.js';

const place = (name: string): URL => new URL(`../../${name}`, import.meta.url);

/** An OpenAPI document, as it is sent. */
export type Document = () => Readable | Promise<string>;

/** Of all routes. */
export const wholeDocument: Document = () => createReadStream(place('openapi.json'));

type Paths = Readonly<Record<string, Readonly<Record<string, object>>>>;

/** Of all but these routes, each `VERB /path/{name}`. */
export function documentWithout(routes: ReadonlySet<string>): Document {
  return async () => {
    const document = JSON.parse(await readFile(place('openapi.json'), 'utf8')) as { readonly paths: Paths };
    const paths: Record<string, object> = {};
    for (const [path, verbs] of Object.entries(document.paths)) {
      const served = Object.entries(verbs).filter(([verb]) => !routes.has(`${verb.toUpperCase()} ${path}`));
      if (served.length > 0) paths[path] = Object.fromEntries(served);
    }
    return JSON.stringify({ ...document, paths });
  };
}

/** What this door speaks: two files beside the code, read when somebody asks. */
@Controller()
export class DocumentOverHttp {
  constructor(@Inject(DOCUMENT) private readonly served: Document) {}

  @Get('v1/openapi.json')
  async document(@Res() reply: FastifyReply): Promise<void> {
    void reply.type('application/json; charset=utf-8').send(await this.served());
  }

  /** The same for people. */
  @Get('docs')
  page(@Res() reply: FastifyReply): void {
    void reply.type('text/html; charset=utf-8').send(createReadStream(place('docs.html')));
  }
}
