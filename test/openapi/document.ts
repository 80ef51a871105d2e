import { readFileSync } from 'node:fs';
import { Sources } from './sources.js';
import { Operations } from './operations.js';
import { Schemas } from './schemas.js';
import { root } from '../kit/docs-page.js';

/** What describes the door and is not described. */
const ITSELF = ['/docs', '/v1/openapi.json'];

/** The OpenAPI document of the broker's HTTP door, made of its controllers, requests and answers. */
export function openApiDocument(): object {
  const sources = new Sources();
  const schemas = new Schemas(sources);
  const operations = new Operations(sources, schemas);
  const paths: Record<string, Record<string, object>> = {};
  for (const { verb, path, document } of sources.controllers().flatMap((each) => operations.of(each))) {
    if (ITSELF.includes(path)) continue;
    (paths[path] ??= {})[verb] = document;
  }
  schemas.of(sources.problem());
  const { version } = JSON.parse(readFileSync(`${root}apps/broker/package.json`, 'utf8')) as {
    version: string;
  };
  return {
    openapi: '3.1.0',
    info: { title: 'HalfMQ', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths: sorted(paths),
    components: { schemas: sorted(Object.fromEntries(schemas.components)) },
  };
}

const sorted = <T>(named: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(named).toSorted(([a], [b]) => (a < b ? -1 : 1)));
