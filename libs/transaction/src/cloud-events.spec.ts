import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cloudEventOf } from './cloud-events.js';
import { MessageInvalid } from './errors.js';
import type { OutgoingMessage } from './message.js';
import { topic } from './topic.js';

/** As it comes to a consumer. */
const received = ({ topic: name, body, properties = {} }: OutgoingMessage) => ({
  topic: name,
  body: Buffer.from(body as string),
  properties: new Map(Object.entries(properties)),
});

const about = { source: '/shop', type: 'com.example.order.placed' };

describe('a topic of CloudEvents', () => {
  it('puts attributes into properties, by the names of the Java SDK, and leaves the body alone', () => {
    const Placed = topic<{ id: string; at: Date }>('placed', {
      cloudEvents: { ...about, subject: ({ id }) => id, time: ({ at }) => at },
    });
    const message = Placed.message({ id: 'o-1', at: new Date(0) }, { properties: { mine: 'too' } });
    expect(message.body).toBe('{"id":"o-1","at":"1970-01-01T00:00:00.000Z"}');
    expect(message.properties).toEqual({
      CE_specversion: '1.0',
      CE_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      CE_source: '/shop',
      CE_type: 'com.example.order.placed',
      CE_subject: 'o-1',
      CE_time: '1970-01-01T00:00:00.000Z',
      CE_contenttype: 'application/json',
      mine: 'too',
    });
    expect(cloudEventOf(received(message))).toMatchObject({ ...about, subject: 'o-1', specversion: '1.0' });
  });

  it('or makes all of it the body', () => {
    const Placed = topic<{ id: string }>('placed', { cloudEvents: { ...about, mode: 'structured' } });
    const message = Placed.message({ id: 'o-1' });
    expect(message.properties).toEqual({ CE_contenttype: 'application/cloudevents+json' });
    expect(JSON.parse(message.body as string)).toEqual({
      ...about,
      specversion: '1.0',
      id: expect.any(String),
      datacontenttype: 'application/json',
      data: { id: 'o-1' },
    });
    expect(cloudEventOf(received(message))).not.toHaveProperty('data');
  });

  it('reads whatever it has written, in each format, whichever mode the reader writes itself', () => {
    const modes = fc.constantFrom('binary' as const, 'structured' as const);
    const bodies = fc.oneof(
      fc.record({ format: fc.constant('json' as const), body: fc.jsonValue() }),
      fc.record({ format: fc.constant('text' as const), body: fc.string() }),
      fc.record({
        format: fc.constant('bytes' as const),
        body: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      }),
    );
    fc.assert(
      fc.property(bodies, modes, modes, ({ format, body }, written, read) => {
        const of = (mode: 'binary' | 'structured') =>
          topic<unknown>('t', { format, cloudEvents: { ...about, mode } });
        const message = received(of(written).message(body));
        const heard = of(read).decode(message.body, message.properties);
        expect(heard).toEqual(format === 'json' ? JSON.parse(JSON.stringify(body)) : body);
        expect(cloudEventOf(message)).toMatchObject(about);
      }),
    );
  });

  it.each(['binary', 'structured'] as const)('carries extensions, %s, that do not clash', (mode) => {
    type Body = { tenant?: string; attempt: number };
    const extensions = ({ tenant, attempt }: Body) => ({ tenant, attempt, urgent: true });
    const Placed = topic<Body>('placed', { cloudEvents: { ...about, mode, extensions } });
    const message = received(Placed.message({ tenant: 'eu', attempt: 2 }));
    const event = cloudEventOf(message);
    const asText = mode === 'binary';
    expect(event).toMatchObject({
      ...about,
      tenant: 'eu',
      attempt: asText ? '2' : 2,
      urgent: asText ? 'true' : true,
    });
    if (asText) expect(message.properties.get('CE_attempt')).toBe('2');
    expect(Placed.decode(message.body, message.properties)).toEqual({ tenant: 'eu', attempt: 2 });
    expect(cloudEventOf(received(Placed.message({ attempt: 1 })))).not.toHaveProperty('tenant');
  });

  it.each([
    ['Tenant', 'eu'],
    ['a-b', 'x'],
    ['source', '/other'],
    ['data', 'x'],
    ['n', 1.5],
    ['n', 2 ** 31],
    ['n', ''],
  ])('refuses an extension that CloudEvents does not allow: %s %j', (name, value) => {
    const extensions = () => ({ [name]: value });
    const Placed = topic<object>('placed', { cloudEvents: { ...about, extensions } });
    expect(() => Placed.message({})).toThrow(MessageInvalid);
  });

  it('what is no event is none, and what only says that it is one is an invalid message', () => {
    const plain = { topic: 'plain', body: Buffer.from('{}'), properties: new Map<string, string>() };
    expect(cloudEventOf(plain)).toBeUndefined();
    const properties = new Map([['CE_contenttype', 'application/cloudevents+json; charset=utf-8']]);
    const Placed = topic<unknown>('placed', { cloudEvents: about });
    for (const body of ['{', '[]', 'null', '{"data":1}'])
      expect(() => Placed.decode(Buffer.from(body), properties)).toThrow(MessageInvalid);
    expect(() => topic('t', { cloudEvents: { source: '', type: 'x' } })).toThrow('need a source');
  });
});
