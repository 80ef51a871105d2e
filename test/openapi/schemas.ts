import ts from 'typescript';
import { decoratorsOf, type Sources } from './sources.js';

export interface Schema {
  readonly [keyword: string]: unknown;
}

/** A field of a request, as its class says. */
export interface Field {
  readonly name: string;
  readonly required: boolean;
  readonly schema: Schema;
}

/** What class-validator's decorators are called in JSON Schema. */
const KEYWORDS: Readonly<Record<string, string>> = {
  Min: 'minimum',
  Max: 'maximum',
  MinLength: 'minLength',
  MaxLength: 'maxLength',
  ArrayMinSize: 'minItems',
  ArrayMaxSize: 'maxItems',
  Matches: 'pattern',
};
const MOST_NAMED = 200;

/** TypeScript's types as JSON Schema; those that have a name are components. */
export class Schemas {
  readonly components = new Map<string, Schema>();
  private readonly named = new Map<string, ts.Symbol>();

  constructor(private readonly sources: Sources) {}

  of(type: ts.Type): Schema {
    const given = withoutUndefined(type);
    const simple = simpleSchema(given);
    if (simple) return simple;
    if (given.isUnion()) return unionOf(given.types.map((each) => this.of(each)));
    const { checker } = this.sources;
    if (checker.isArrayType(given)) {
      const [item] = checker.getTypeArguments(given as ts.TypeReference);
      return { type: 'array', items: item ? this.of(item) : {} };
    }
    const values = given.getStringIndexType();
    const isMap = values && checker.getPropertiesOfType(given).length === 0;
    if (isMap) return { type: 'object', additionalProperties: this.of(values) };
    return this.object(given);
  }

  /** Of a class of a request: what its decorators say besides. */
  fields(type: ts.Type): Field[] {
    return this.sources.checker.getPropertiesOfType(type).map((symbol) => {
      const declaration = symbol.valueDeclaration;
      if (!declaration || !ts.isPropertyDeclaration(declaration)) throw new Error(`no field: ${symbol.name}`);
      return this.field(symbol, declaration);
    });
  }

  private field(symbol: ts.Symbol, declaration: ts.PropertyDeclaration): Field {
    const decorators = decoratorsOf(declaration);
    const type = this.sources.checker.getTypeOfSymbol(symbol);
    const optional = decorators.has('IsOptional') || declaration.questionToken !== undefined;
    const schema: Record<string, unknown> = { ...this.of(type) };
    if (decorators.has('IsInt')) schema['type'] = 'integer';
    const each = decorators.has('IsArray') ? (schema['items'] as Record<string, unknown>) : schema;
    for (const [name, args] of decorators) {
      const keyword = KEYWORDS[name];
      if (!keyword || !args[0]) continue;
      const ofItems = name === 'Matches' ? each : schema;
      ofItems[keyword] = this.sources.value(args[0]);
    }
    const isDefault = optional && declaration.initializer;
    if (isDefault) schema['default'] = this.sources.value(isDefault);
    const description = this.sources.commentOf(symbol);
    if (description !== undefined) schema['description'] = description;
    return { name: symbol.name, required: !optional, schema };
  }

  private object(type: ts.Type): Schema {
    const symbol = type.aliasSymbol ?? type.symbol;
    const isNamed = symbol !== undefined && !symbol.name.startsWith('__') && isOurs(symbol);
    if (!isNamed) return this.shape(type);
    const { name } = symbol;
    const known = this.named.get(name);
    if (known && known !== symbol) throw new Error(`two types are called ${name}`);
    if (this.named.size > MOST_NAMED) throw new Error('too many types: is one of them not of an answer?');
    if (!known) {
      this.named.set(name, symbol);
      this.components.set(name, this.shape(type));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  private shape(type: ts.Type): Schema {
    const symbol = type.aliasSymbol ?? type.symbol;
    const description = symbol && this.sources.commentOf(symbol);
    const isRequest = symbol?.valueDeclaration && ts.isClassDeclaration(symbol.valueDeclaration);
    const fields = isRequest ? this.fields(type) : this.members(type);
    return {
      type: 'object',
      ...(description === undefined ? {} : { description }),
      properties: Object.fromEntries(fields.map(({ name, schema }) => [name, schema])),
      required: fields.filter(({ required }) => required).map(({ name }) => name),
      // an answer may have more in later versions
      ...(isRequest ? { additionalProperties: false } : {}),
    };
  }

  private members(type: ts.Type): Field[] {
    const { checker } = this.sources;
    return checker.getPropertiesOfType(type).map((symbol) => {
      const own = checker.getTypeOfSymbol(symbol);
      const description = this.sources.commentOf(symbol);
      const schema = this.of(own);
      const isOptional = (symbol.flags & ts.SymbolFlags.Optional) !== 0 || own !== withoutUndefined(own);
      return {
        name: symbol.name,
        required: !isOptional,
        schema: description === undefined ? schema : described(schema, description),
      };
    });
  }
}

const isOurs = ({ declarations = [] }: ts.Symbol): boolean =>
  declarations.every((declaration) => !declaration.getSourceFile().fileName.includes('node_modules'));

const described = (schema: Schema, description: string): Schema =>
  '$ref' in schema ? { allOf: [schema], description } : { ...schema, description };

function withoutUndefined(type: ts.Type): ts.Type {
  return type.isUnion() || (type.flags & ts.TypeFlags.Undefined) !== 0 ? type.getNonNullableType() : type;
}

function simpleSchema(type: ts.Type): Schema | undefined {
  if (type.isStringLiteral()) return { type: 'string', enum: [type.value] };
  if (type.flags & ts.TypeFlags.StringLike) return { type: 'string' };
  if (type.flags & ts.TypeFlags.NumberLike) return { type: 'number' };
  if (type.flags & ts.TypeFlags.BooleanLike) return { type: 'boolean' };
  if (type.flags & ts.TypeFlags.NonPrimitive) return { type: 'object' };
  return type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown) ? {} : undefined;
}

/** Of texts: one of them. */
function unionOf(schemas: readonly Schema[]): Schema {
  const texts = schemas.flatMap((schema) => (schema['enum'] as string[] | undefined) ?? []);
  if (texts.length === schemas.length) return { type: 'string', enum: texts };
  const kinds = new Map(schemas.map((schema) => [JSON.stringify(schema), schema]));
  const [only] = kinds.values();
  return kinds.size === 1 && only ? only : { oneOf: [...kinds.values()] };
}
