import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';
import { fileURLToPath } from 'node:url';

const fileOf = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const DOCUMENT = fileOf('openapi.json');
const PAGE = fileOf('docs.html');

/** What this door speaks: two files beside the code, read when somebody asks. */
@Controller()
export class DocumentOverHttp {
  @Get('v1/openapi.json')
  document(@Res() response: Response): void {
    response.sendFile(DOCUMENT);
  }

  /** The same for people. */
  @Get('docs')
  page(@Res() response: Response): void {
    response.sendFile(PAGE);
  }
}
