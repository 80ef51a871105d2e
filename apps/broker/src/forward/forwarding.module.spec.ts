import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { routesOf } from '../routes-fixture.js';
import { ForwardingModule, type Forwarded } from './forwarding.module.js';
import { ROUTES_NOT_HERE } from './not-here.js';

const ITSELF = ['GET /docs', 'GET /v1/openapi.json'];

describe('the HTTP door without rooms', () => {
  it('serves each route of the document, or says why it does not', () => {
    const { controllers = [] } = ForwardingModule.of({} as Forwarded);
    const served = controllers.flatMap((controller) => routesOf(controller));
    const file = new URL('../../openapi.json', import.meta.url);
    const { paths } = JSON.parse(readFileSync(file, 'utf8')) as { paths: Record<string, object> };
    const described = Object.entries(paths).flatMap(([path, verbs]) =>
      Object.keys(verbs).map((verb) => `${verb.toUpperCase()} ${path}`),
    );
    const here = served.filter((route) => !ITSELF.includes(route) && !route.startsWith('ALL '));
    // a transaction under its caller's id is refused by what is behind its controller
    const all = new Set([...here, ...ROUTES_NOT_HERE.keys()]);
    expect([...all].toSorted()).toEqual(described.toSorted());
  });
});
