import ts from 'typescript';
import { decoratorsOf, first, type Sources } from './sources.js';
import type { Field, Schema, Schemas } from './schemas.js';

const VERBS = ['Get', 'Post', 'Put', 'Delete'] as const;

export interface Operation {
  readonly verb: string;
  /** with {names} */
  readonly path: string;
  readonly document: object;
}

type Decorators = ReturnType<typeof decoratorsOf>;

/** What a controller's methods answer to, read from their decorators, parameters and results. */
export class Operations {
  constructor(
    private readonly sources: Sources,
    private readonly schemas: Schemas,
  ) {}

  of(controller: ts.ClassDeclaration): Operation[] {
    const [prefix] = decoratorsOf(controller).get('Controller') ?? [];
    const base = prefix ? String(this.sources.value(prefix)) : '';
    return controller.members.filter(ts.isMethodDeclaration).flatMap((method) => {
      const decorators = decoratorsOf(method);
      const verb = VERBS.find((each) => decorators.has(each));
      if (!verb) return [];
      const [own] = decorators.get(verb) ?? [];
      const path = `/${[base, own ? String(this.sources.value(own)) : ''].filter(Boolean).join('/')}`;
      return [
        {
          verb: verb.toLowerCase(),
          path: path.replace(/:(\w+)/g, '{$1}'),
          document: this.document(method, verb, decorators),
        },
      ];
    });
  }

  private document(method: ts.MethodDeclaration, verb: string, decorators: Decorators): object {
    const description = this.sources.comment(method);
    const parameters = method.parameters.flatMap((each) => this.parameters(each));
    const body = method.parameters.map((each) => this.body(each)).find(Boolean);
    return {
      operationId: `${(method.parent as ts.ClassDeclaration).name?.text}.${method.name.getText()}`,
      ...(description === undefined ? {} : { description }),
      ...(parameters.length > 0 ? { parameters } : {}),
      ...(body ? { requestBody: { required: true, content: body } } : {}),
      responses: {
        ...this.answers(method, verb, decorators),
        default: {
          description: 'refused: a problem document (RFC 9457)',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    };
  }

  private parameters(parameter: ts.ParameterDeclaration): object[] {
    const decorators = decoratorsOf(parameter);
    const named = (kind: string): string | undefined => {
      const [name] = decorators.get(kind) ?? [];
      return name && String(this.sources.value(name));
    };
    const path = named('Param');
    if (path !== undefined) return [{ in: 'path', name: path, required: true, schema: { type: 'string' } }];
    const header = named('Headers');
    if (header !== undefined) return [{ in: 'header', name: header, schema: { type: 'string' } }];
    if (decorators.has('Query')) return this.fields(parameter).map((field) => inPlace('query', field));
    if (!decorators.has('SendDocument')) return [];
    const asHeaders = this.fields(parameter).filter(({ name }) => !name.startsWith('body'));
    return asHeaders.map((field) => inPlace('header', { ...field, name: `x-halfmq-${kebab(field.name)}` }));
  }

  private fields(parameter: ts.ParameterDeclaration): Field[] {
    return this.schemas.fields(this.sources.checker.getTypeAtLocation(parameter));
  }

  private body(parameter: ts.ParameterDeclaration): object | undefined {
    const decorators = decoratorsOf(parameter);
    const isRaw = decorators.has('SendDocument');
    if (!isRaw && !decorators.has('Body')) return undefined;
    const schema = this.schemas.of(this.sources.checker.getTypeAtLocation(parameter));
    const raw = { '*/*': { schema: { description: 'the message as it is; all else in headers' } } };
    return { 'application/json': { schema }, ...(isRaw ? raw : {}) };
  }

  private answers(
    method: ts.MethodDeclaration,
    verb: string,
    decorators: Decorators,
  ): Record<string, object> {
    const [code] = decorators.get('HttpCode') ?? [];
    const usual = code ? Number(this.sources.value(code)) : verb === 'Post' ? 201 : 200;
    const other = first(method, isStatusCall)?.arguments[0];
    const statuses = [usual, ...(other ? [Number(this.sources.value(other))] : [])];
    const content = this.content(method);
    return Object.fromEntries(
      statuses.map((status) => [status, { description: DESCRIPTIONS[status] ?? 'done', ...content }]),
    );
  }

  private content(method: ts.MethodDeclaration): { content?: object } {
    if (method.parameters.some(writesItself)) return { content: { 'text/event-stream': {} } };
    const { checker } = this.sources;
    const signature = checker.getSignatureFromDeclaration(method);
    const result = signature && checker.getAwaitedType(signature.getReturnType());
    if (!result || result.flags & ts.TypeFlags.Void) return {};
    return { content: { 'application/json': { schema: this.schemas.of(result) } } };
  }
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  200: 'done, or done before',
  201: 'made',
  204: 'done; no document',
};

const inPlace = (place: string, { name, required, schema }: Field): object => {
  const { description, ...rest } = schema as Schema & { description?: string };
  return {
    in: place,
    name,
    ...(required ? { required } : {}),
    ...(description ? { description } : {}),
    schema: rest,
  };
};

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** `reply.status(CODE)` */
const isStatusCall = (node: ts.Node): node is ts.CallExpression =>
  ts.isCallExpression(node) && node.expression.getText() === 'reply.status';

/** It is given the reply, and Nest answers nothing. */
function writesItself(parameter: ts.ParameterDeclaration): boolean {
  const given = decoratorsOf(parameter).get('Res');
  return given?.length === 0;
}
