import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, jest } from '@jest/globals';
import { root } from '../kit/docs-page.js';
import { freePort } from '../kit/ports.js';
import { TimedBroker } from '../kit/timed-broker.js';
import { openApiDocument } from '../openapi/document.js';

jest.setTimeout(60_000);

const FILE = `${root}apps/broker/openapi.json`;

describe('the OpenAPI document', () => {
  /** `UPDATE_DOCS=1 npm test -- openapi-document` writes it anew. */
  it('says what controllers, requests and answers say', () => {
    const made = `${JSON.stringify(openApiDocument(), undefined, 1)}\n`;
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(FILE, made);
    expect(readFileSync(FILE, 'utf8')).toBe(made);
  });

  it('is given by the broker, and shown as a page', async () => {
    const broker = await TimedBroker.start({ httpPort: String(await freePort()) });
    try {
      const [document, page] = await Promise.all(
        ['v1/openapi.json', 'docs'].map((path) => fetch(`http://127.0.0.1:${broker.httpPort}/${path}`)),
      );
      expect(document?.headers.get('content-type')).toContain('application/json');
      expect(await document?.json()).toEqual(JSON.parse(readFileSync(FILE, 'utf8')));
      expect(page?.headers.get('content-type')).toContain('text/html');
      expect(await page?.text()).toContain("fetch('v1/openapi.json')");
    } finally {
      await broker.close();
    }
  });
});
