import { All, Controller, NotFoundException, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { notHere, ROUTES_NOT_HERE } from './not-here.js';

const ROUTES = [...ROUTES_NOT_HERE].map(([route, reason]) => {
  const path = route.replace(/\{\w+\}/g, '[^/]+');
  return { pattern: new RegExp(`^${path}/?$`, 'i'), reason };
});

/** Whatever no other controller takes: what a broker would serve is refused with the reason. */
@Controller('v1')
export class NotHere {
  @All('*')
  refuse(@Req() { method, url }: FastifyRequest): never {
    const [path = ''] = url.split('?');
    const route = ROUTES.find(({ pattern }) => pattern.test(`${method} ${path}`));
    if (route) throw notHere(route.reason);
    throw new NotFoundException(`Cannot ${method} ${path}`);
  }
}
