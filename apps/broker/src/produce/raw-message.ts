import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { StatusError } from '@halfmq/remoting';
import type { FastifyRequest } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';

/*
 * A raw send: the body is the message as it is, and headers say what fields of the document say otherwise.
 *
 *   x-halfmq-tag, -ordering-key, -deliver-at, -backurl, -secret   a text, in UTF-8
 *   x-halfmq-keys                                                 texts with blanks in between
 *   x-halfmq-delay-ms                                             a number
 *   x-halfmq-properties                                           a JSON object of texts
 */
const PREFIX = 'x-halfmq-';

/** property of the message: the content-type it was sent with */
export const CONTENT_TYPE = 'contentType';

/** The document of a send: its body, or what the headers of a raw one say. Checked like any body. */
export const SendDocument = createParamDecorator((_: unknown, context: ExecutionContext): unknown => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return Buffer.isBuffer(request.body) ? documentOf(request.headers) : request.body;
});

/** @throws StatusError INVALID_PARAMETER when one cannot be read; what it means is checked with the document */
function documentOf(headers: IncomingHttpHeaders): object {
  const document: Record<string, unknown> = {};
  for (const [header, given] of Object.entries(headers)) {
    if (!header.startsWith(PREFIX)) continue;
    const field = camelCase(header.slice(PREFIX.length));
    const text = inUtf8(String(given));
    if (field === 'body' || field === 'bodyBase64') document[header] = text;
    else document[field] = read(header, field, text);
  }
  return document;
}

function read(header: string, field: string, text: string): unknown {
  if (field === 'keys') return text.split(' ').filter(Boolean);
  if (field === 'delayMs') return /^\d+$/.test(text) ? Number(text) : text;
  if (field !== 'properties') return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new StatusError('INVALID_PARAMETER', `${header} is no JSON: ${text.slice(0, 64)}`);
  }
}

function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Node.js reads the bytes of headers as Latin-1. */
function inUtf8(text: string): string {
  return Buffer.from(text, 'latin1').toString();
}
