import { readFileSync } from 'node:fs';
import type { INestMicroservice } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { HttpModule } from './http.module.js';
import { routesOf } from './routes-fixture.js';

/** What describes the door is not described. */
const ITSELF = ['GET /docs', 'GET /v1/openapi.json'];

interface OpenApi {
  readonly paths: Readonly<Record<string, object>>;
}

describe('the OpenAPI document', () => {
  it('has every route of the HTTP door, and no other', () => {
    const rooms = { get: () => undefined } as unknown as INestMicroservice;
    const controllers = HttpModule.of(rooms).controllers ?? [];
    const routes = controllers.flatMap((controller) => routesOf(controller));
    const file = new URL('../openapi.json', import.meta.url);
    const { paths } = JSON.parse(readFileSync(file, 'utf8')) as OpenApi;
    const described = Object.entries(paths).flatMap(([path, verbs]) =>
      Object.keys(verbs).map((verb) => `${verb.toUpperCase()} ${path}`),
    );
    expect(routes.length).toBeGreaterThan(20);
    expect(described.toSorted()).toEqual(routes.filter((route) => !ITSELF.includes(route)).toSorted());
  });
});
