import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';
import { fileURLToPath } from 'node:url';

/** The package's folder, which may lie below one whose name begins with a dot: only what is named under it is judged. */
const ROOT = { root: fileURLToPath(new URL('../../', import.meta.url)) };

/** What this door speaks: two files beside the code, read when somebody asks. */
@Controller()
export class DocumentOverHttp {
  @Get('v1/openapi.json')
  document(@Res() response: Response): void {
    response.sendFile('openapi.json', ROOT);
  }

  /** The same for people. */
  @Get('docs')
  page(@Res() response: Response): void {
    response.sendFile('docs.html', ROOT);
  }
}
